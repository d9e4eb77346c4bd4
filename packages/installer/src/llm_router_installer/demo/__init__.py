"""The demonstration: simulated providers on loopback, real prompts, the real pipeline."""
