"""Model servers that speak the real wire formats on loopback, for `demo`, `doctor` and the tests."""
