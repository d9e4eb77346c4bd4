"""Tables for a terminal, fitted to its width."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def drawn(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table as text. Cells are taken literally: no markup in them means anything."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(table)
    return captured.get().strip("\n") + "\n"
