"""What a call would have cost elsewhere."""
