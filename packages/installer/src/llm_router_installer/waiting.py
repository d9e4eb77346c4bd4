"""A line that shows a person that something is going on."""

from __future__ import annotations

import threading
import time
from typing import Self

from llm_router_installer import ui


class Waiting:
    """A line on stderr that counts the seconds while nothing else is to be seen; only where a person is watching.

    A context manager. `stop` takes the line away for good, which whoever is about to print something else must do.
    """

    def __init__(self, text: str, *, is_dumb: bool = False) -> None:
        self._text = text
        self._ends = threading.Event()
        self._lock = threading.Lock()
        self._is_drawn = False
        is_shown = ui.is_watched() and not is_dumb
        self._thread = threading.Thread(target=self._count, daemon=True) if is_shown else None

    def __enter__(self) -> Self:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Takes the line away; nothing is drawn afterwards."""
        with self._lock:
            self._ends.set()
            if self._is_drawn:
                self._is_drawn = False
                ui.overwrite("")

    def _count(self) -> None:
        started = time.monotonic()
        while not self._ends.wait(1.0):
            with self._lock:
                if self._ends.is_set():
                    return
                self._is_drawn = True
                ui.overwrite(f"{self._text}, {time.monotonic() - started:.0f} s (Ctrl-C stops)")
