"""Memory against what is free: a bar whose sure part is solid and whose unsure part fades, in words as well."""

from collections.abc import Iterator, Sequence

from textual.content import Content
from textual.widget import Widget

from engine.estimate import Estimate
from tui.words import gib, listed, literal

FULL, LIKELY, PERHAPS, FREE, OTHERS = "█", "▓", "▒", "░", "╳"


def bar(estimate: Estimate, width: int) -> tuple[str, str, str, str]:
    """Return the sure, the perhaps taken and the free part of a bar, and what others hold; too large fills it."""
    held = sum(estimate.others.values())
    scale = (estimate.free_gib or estimate.high_gib or 1.0) + held
    others = min(width - 1, max(1, round(held / scale * width))) if held else 0
    room = width - others
    low, peak, high = (
        min(round(value / scale * width), room) for value in (estimate.low_gib, estimate.peak_gib, estimate.high_gib)
    )
    peak, high = max(peak, low), max(high, peak, low)
    return FULL * low, LIKELY * (peak - low) + PERHAPS * (high - peak), FREE * (room - high), OTHERS * others


class MemoryBar(Widget):
    """The bar with its interval, and what the memory goes into below it."""

    DEFAULT_CSS = "MemoryBar { height: auto; }"
    HELP = (
        "How much memory the training takes at its peak. The solid part is sure, the shaded part is the interval of "
        "the estimate, ╳ is what other programs hold, and the rest is free."
    )

    def show(self, estimate: Estimate | None, notes: Sequence[str] | None = ()) -> None:
        """Show an estimate, with notes such as the largest batch that fits behind it; None keeps those of before."""
        before = self._height()
        self.estimate, self.notes = estimate, self.notes if notes is None else notes
        self.refresh(layout=self._height() != before)  # a new layout costs ten times a new bar

    def _height(self) -> int:
        """Return the lines that the bar takes, those that are wrapped too."""
        return self.render().get_height({}, max(1, self.content_size.width))

    estimate: Estimate | None = None
    notes: Sequence[str] = ()

    def render(self) -> Content:
        """Return the lines."""
        estimate = self.estimate
        if estimate is None:
            return Content("Memory      not known for this model")
        room = self.content_size.width
        label = Content.styled("Memory".ljust(12), "$foreground-muted")
        words = self._words(estimate)
        width = min(34, max(10, room - 12 - 2 - len(words) - 2))
        style = "$text-error" if estimate.fits is False else "$text-accent"
        taken, perhaps, free, others = bar(estimate, width)
        muted = "$foreground-muted"
        drawn = Content.assemble("▐", (taken, style), (perhaps, style), (free, muted), (others, "$text-warning"), "▌ ")
        lines = [label + drawn + Content(words), Content.styled(" " * 12 + listed(estimate.terms), muted)]
        notes = [Content.styled(literal(note), muted) for note in (*estimate.notes, *self.notes)]
        if estimate.others:
            held = f"other programs hold {gib(sum(estimate.others.values()))}: {literal(listed(estimate.others))}"
            notes.insert(0, Content.styled(held, "$text-warning"))
        return Content("\n").join([*lines, *_beside(notes, room - 12)])

    def _words(self, estimate: Estimate) -> str:
        interval = f"({estimate.low_gib:.1f} – {estimate.high_gib:.1f})"
        if estimate.free_gib is None:
            return f"~{gib(estimate.peak_gib)} {interval}"
        if estimate.fits is False:
            short = estimate.high_gib - estimate.free_gib
            return f"✗ ~{estimate.peak_gib:.1f} GiB {interval}, {gib(short)} more than the {estimate.free_gib:.1f} free"
        return f"~{estimate.peak_gib:.1f} GiB of {estimate.free_gib:.1f} free   {interval}"


def _beside(notes: Sequence[Content], room: int) -> Iterator[Content]:
    """Yield the notes as lines below the bar, as many in one line as there is room for."""
    line: Content | None = None
    for note in notes:
        if line is not None and line.cell_length + note.cell_length + 3 <= room:
            line += Content("   ") + note
            continue
        if line is not None:
            yield Content(" " * 12) + line
        line = note
    if line is not None:
        yield Content(" " * 12) + line
