"""The last look at the lines of all screens: nothing but signs is drawn."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tui.harmless import same_width


class Harmless(LineFilter):
    """Takes out of every line of a screen what is no sign, just before it is drawn."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """Return the segments of one line, each as wide as before; the background plays no part."""
        return [
            segment
            if segment.text.isascii() and segment.text.isprintable()
            else Segment(same_width(segment.text), segment.style, segment.control)
            for segment in segments
        ]
