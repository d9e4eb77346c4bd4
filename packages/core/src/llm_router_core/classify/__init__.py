"""From a request to a classification."""
