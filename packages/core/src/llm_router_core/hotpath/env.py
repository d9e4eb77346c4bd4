"""One of the three places that read the environment (the others: settings/sources.py and credentials.py)."""

import os


def read() -> dict[str, str]:
    """A copy of the environment as it is now; everything else takes it as a value."""
    return dict(os.environ)
