"""Caps, and the hold that every call takes before it goes out."""
