"""Which candidates stand in line for a request, and why."""
