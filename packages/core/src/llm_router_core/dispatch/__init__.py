"""One attempt, and the walk down the chain."""
