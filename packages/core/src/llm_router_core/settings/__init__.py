"""What the user has set, and where each value comes from."""
