"""Tables that leave columns out where the terminal is narrow, so that names stay whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Column, Table
from rich.text import Text

from fdwarehouse.terminal.console import printable

_GAP = 2
_FOLDED = 16
"""Width to which a column of words may be folded before another column is left out."""


@dataclass(frozen=True)
class _Kept:
    column: Column
    cells: Sequence[Text]

    @property
    def is_silent(self) -> bool:
        """Whether no cell says anything."""
        return all(cell.plain in ("", "0") for cell in self.cells)

    @property
    def width(self) -> int:
        """The width that it needs."""
        widest = max(cell_len(cell.plain) for cell in (Text(str(self.column.header)), *self.cells))
        return widest if self.column.no_wrap else min(widest, _FOLDED)


class FittingTable(Table):
    """A table of rich that leaves out columns until the others fit.

    Columns in which no cell says anything go first, then those of `drop`, in its order. Columns
    that may not be wrapped stay whole; the others are folded. A name that does not fit beside its
    sign is folded too, in full, and no other name with it.
    """

    drop: Sequence[str] = ()
    """Headings of the columns that can be left out."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the columns that fit."""
        kept = [
            _Kept(column, [c if isinstance(c, Text) else Text(printable(str(c))) for c in cells])
            for column in self.columns
            for cells in [list(column.cells)]
        ]
        able = [each for each in kept if each.column.header in self.drop]
        able.sort(key=lambda each: (not each.is_silent, self.drop.index(str(each.column.header))))
        for each in able:
            if _width(kept) <= options.max_width:
                break
            kept.remove(each)
        gap = _GAP if _width(kept) <= options.max_width else 1
        fitted = Table(
            box=self.box,
            pad_edge=self.pad_edge,
            padding=(0, gap, 0, 0),
            header_style=self.header_style,
            show_header=self.show_header,
        )
        # What does not fit is folded: only the cells that are wider than what is left for them.
        is_too_narrow = _width(kept, gap) > options.max_width
        for each in kept:
            column = each.column
            fitted.add_column(
                column.header,
                justify=column.justify,
                overflow=column.overflow,
                no_wrap=column.no_wrap and not is_too_narrow,
            )
        for cells in zip(*(each.cells for each in kept), strict=True):
            fitted.add_row(*cells)
        yield from fitted.__rich_console__(console, options)


def _width(kept: Sequence[_Kept], gap: int = _GAP) -> int:
    return sum(each.width for each in kept) + gap * (len(kept) - 1)
