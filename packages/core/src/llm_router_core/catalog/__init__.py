"""What exists: providers, models and what they can do, as dated data."""
