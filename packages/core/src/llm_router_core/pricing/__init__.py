"""What a call costs: the only place that turns usage into money."""
