"""The state database: the only place that opens SQLite."""
