"""How well models answer: a judge reads a sample of the answers, and a model that does badly steps back."""
