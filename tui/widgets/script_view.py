"""The script of a run as it stands now, coloured, scrolled to its settings; only the visible lines are drawn."""

from collections.abc import Sequence

from rich.segment import Segment
from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

FIRST_SETTING = "BASE_MODEL"


def coloured(text: str) -> list[Content]:
    """Return the lines of Python text with their colours; takes some 60 ms, so it belongs into a thread."""
    from textual.highlight import highlight

    return highlight(text, language="python").split("\n")


class ScriptView(ScrollView, can_focus=True):
    """Shows train.py; the text is code out of our own recipes with the run's values as literals in it."""

    DEFAULT_CSS = "ScriptView { background: $background; }"
    HELP = "The script that trains, with the values of this plan in it. It is what runs, and what you can take home."

    def __init__(self, *, whole: bool = False) -> None:
        """A view without a script yet; a `whole` one scrolls sideways, the other cuts long lines with an ellipsis."""
        super().__init__()
        self.text = ""
        self.lines: Sequence[Content] = ()
        self.whole = whole

    def show(self, text: str, lines: Sequence[Content]) -> None:
        """Show a script; the position is kept when one was shown before, else it begins at the settings."""
        first = not self.text
        self.text, self.lines = text, lines
        width = max((line.cell_length for line in lines), default=0) if self.whole else 0
        self.virtual_size = Size(width, len(lines))
        if first and not self.whole:
            starts = (at for at, line in enumerate(lines) if line.plain.startswith(FIRST_SETTING))
            self.call_after_refresh(self.scroll_to, y=next(starts, 0), animate=False)
        self.refresh()

    def notify_style_update(self) -> None:
        """Draw anew when the theme changes."""
        super().notify_style_update()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one visible line."""
        x, top = self.scroll_offset
        width = self.scrollable_content_region.width
        base = self.visual_style
        if not top + y < len(self.lines):
            return Strip.blank(width, base.rich_style)
        line = self.lines[top + y]
        line = line if self.whole else line.truncate(width, ellipsis=True)
        pieces = line.render(base, end="", parse_style=self.app.stylesheet.parse_style)
        strip = Strip([Segment(piece, style.rich_style) for piece, style in pieces])
        return strip.crop_extend(x, x + width, base.rich_style)
