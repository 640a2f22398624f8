"""Rows of styled text of which only the changed cells are sent to the terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.words import literal

TILE = 8  # columns of a piece that is repainted by itself: Textual sends a widget's row from its left edge on
ALWAYS = 9


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a row: its text, the component class that styles it, and how long it stays when room is short."""

    text: str
    style: str = ""
    keep: int = ALWAYS


Row = tuple[Part, ...]


def spread(left: Sequence[Part], right: Sequence[Part], width: int) -> Row:
    """Return one row with `right` at the right edge; where it is too narrow, the parts with the lowest `keep` go."""
    for level in sorted({part.keep for part in (*left, *right)}):
        if _length(left) + _length(right) + bool(right) <= width or level == ALWAYS:
            break
        left = [part for part in left if part.keep > level]
        right = [part for part in right if part.keep > level]
    gap = max(1, width - _length(left) - _length(right)) if right else 0
    return (*left, Part(" " * gap), *right)


def shorten(text: str, width: int) -> str:
    """Return text that takes at most `width` cells, with … where something was left out."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)).rstrip() + "…"


class Tile(Widget):
    """One upright piece of a Spans, so that a change at the right edge does not send the whole row."""

    def __init__(self, index: int) -> None:
        """Stand at place `index` from the left."""
        super().__init__()
        self.left = index * TILE

    @property
    def whole(self) -> "Spans":
        """Return what this is a piece of."""
        assert isinstance(self.parent, Spans)
        return self.parent

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return one line for every row."""
        return len(self.whole.rows)

    def render_line(self, y: int) -> Strip:
        """Return this piece of a row."""
        return self.whole.strip(y, self.left, self.left + self.size.width)


class Spans(Widget):
    """Shows rows; rows shown later repaint only what differs from the ones before."""

    DEFAULT_CSS = f"""
    Spans {{
        height: auto; layout: horizontal; overflow: hidden;
        & > Tile {{ width: {TILE}; height: auto; }}
        & > .muted {{ color: $text-muted; }}
        & > .strong {{ text-style: bold; }}
        & > .accent {{ color: $text-accent; }}
        & > .good {{ color: $text-success; }}
        & > .warning {{ color: $text-warning; }}
        & > .wrong {{ color: $text-error; }}
    }}
    """
    COMPONENT_CLASSES = {"muted", "strong", "accent", "good", "warning", "wrong"}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        """Begin with no rows."""
        super().__init__(id=id)
        self.rows: list[Row] = []
        self._strips: dict[int, Strip] = {}
        self._tiles: list[Tile] = []

    def on_resize(self, event: events.Resize) -> None:
        """Have as many pieces as the width takes."""
        fresh = [Tile(index) for index in range(len(self._tiles), -(-event.size.width // TILE))]
        self._tiles += fresh
        self.mount(*fresh)

    @property
    def text(self) -> str:
        """Return what is shown, as plain lines."""
        return "\n".join("".join(part.text for part in row) for row in self.rows)

    def show(self, rows: Sequence[Row]) -> None:
        """Show `rows` in place of the present ones; part of a row is repainted where only part changed."""
        fresh = [tuple(Part(literal(part.text), part.style) for part in row if part.text) for row in rows]
        old, self.rows = self.rows, fresh
        self._strips.clear()
        if len(old) != len(fresh):
            for tile in self._tiles:
                tile.refresh(layout=True)
        else:
            for index, region in _changes(old, fresh, TILE * len(self._tiles)):
                self._tiles[index].refresh(region)

    def notify_style_update(self) -> None:
        """Take on new colours."""
        super().notify_style_update()
        self._strips.clear()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return one line for every row."""
        return len(self.rows)

    def strip(self, y: int, start: int, end: int) -> Strip:
        """Return the cells from `start` to `end` of one row."""
        if y not in self._strips:
            row = self.rows[y] if y < len(self.rows) else ()
            segments = [Segment(part.text, self._style(part.style)) for part in row]
            self._strips[y] = Strip(segments).adjust_cell_length(TILE * len(self._tiles), self.rich_style)
        return self._strips[y].crop(start, end)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name) if name else self.rich_style


def _length(parts: Sequence[Part]) -> int:
    return sum(cell_len(part.text) for part in parts)


def _changes(old: Sequence[Row], new: Sequence[Row], width: int) -> Iterator[tuple[int, Region]]:
    """Yield for every row of every tile that changed the cells from the first to the last that did."""
    for y, (before, after) in enumerate(zip(old, new, strict=True)):
        if before == after:
            continue
        pairs = zip(_cells(before, width), _cells(after, width), strict=True)
        changed = [index for index, (one, other) in enumerate(pairs) if one != other]
        for tile, found in groupby(changed, key=lambda index: index // TILE):
            first, *rest = found
            last = rest[-1] if rest else first
            yield tile, Region(first % TILE, y, last - first + 1, 1)


def _cells(row: Row, width: int) -> list[tuple[str, str]]:
    cells = [(letter, part.style) for part in row for letter in _wide(part.text)]
    return (cells + [(" ", "")] * width)[:width]


def _wide(text: str) -> Iterator[str]:
    if cell_len(text) == len(text):
        yield from text
        return
    for letter in text:
        yield letter
        yield from [letter] * (cell_len(letter) - 1)
