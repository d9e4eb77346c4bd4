"""Provider = how to reach it, dialect = how to speak, and one call over both."""
