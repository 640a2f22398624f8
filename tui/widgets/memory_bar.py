"""Memory against what is free: a bar whose sure part is solid and whose unsure part fades, in words as well."""

from textual.content import Content
from textual.widget import Widget

from engine.estimate import Estimate
from tui.words import gib, listed

FULL, LIKELY, PERHAPS, FREE = "█", "▓", "▒", "░"


def bar(estimate: Estimate, width: int) -> tuple[str, str, str]:
    """Return the taken, the perhaps taken and the free part of a bar of `width` signs; too large fills it."""
    scale = estimate.free_gib or estimate.high_gib or 1.0
    low, peak, high = (
        min(round(value / scale * width), width) for value in (estimate.low_gib, estimate.peak_gib, estimate.high_gib)
    )
    peak, high = max(peak, low), max(high, peak, low)
    return FULL * low, LIKELY * (peak - low) + PERHAPS * (high - peak), FREE * (width - high)


class MemoryBar(Widget):
    """The bar with its interval, and what the memory goes into below it."""

    DEFAULT_CSS = "MemoryBar { height: auto; }"
    HELP = (
        "How much memory the training takes at its peak. The solid part is sure, the shaded part is the interval of "
        "the estimate, and the end of the bar is what is free now."
    )

    def show(self, estimate: Estimate | None, note: str = "") -> None:
        """Show an estimate, with a note such as the largest batch behind it."""
        self.estimate, self.note = estimate, note
        self.refresh(layout=True)

    def render(self) -> Content:
        """Return the lines."""
        estimate = getattr(self, "estimate", None)
        if estimate is None:
            return Content("Memory      not known for this model")
        room = self.content_size.width
        label = Content.styled("Memory".ljust(12), "$foreground-muted")
        words = self._words(estimate)
        width = min(34, max(10, room - 12 - 2 - len(words) - 2))
        style = "$text-error" if estimate.fits is False else "$text-accent"
        taken, perhaps, free = bar(estimate, width)
        drawn = Content.assemble("▐", (taken, style), (perhaps, style), (free, "$foreground-muted"), "▌ ")
        first = label + drawn + Content(words)
        note = Content.styled(self.note, "$foreground-muted")
        wide = bool(self.note) and first.cell_length + note.cell_length + 3 <= room
        lines = [first + Content("   ") + note if wide else first]
        lines.append(Content.styled(" " * 12 + listed(estimate.terms), "$foreground-muted"))
        if self.note and not wide:
            lines.append(Content(" " * 12) + note)
        return Content("\n").join(lines)

    def _words(self, estimate: Estimate) -> str:
        interval = f"({estimate.low_gib:.1f} – {estimate.high_gib:.1f})"
        if estimate.free_gib is None:
            return f"~{gib(estimate.peak_gib)} {interval}"
        if estimate.fits is False:
            short = estimate.high_gib - estimate.free_gib
            return f"✗ ~{estimate.peak_gib:.1f} GiB {interval}, {gib(short)} more than the {estimate.free_gib:.1f} free"
        return f"~{estimate.peak_gib:.1f} GiB of {estimate.free_gib:.1f} free   {interval}"
