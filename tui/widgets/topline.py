"""The line at the top of a screen: the program, the machine, and where in the conversation one is."""

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from tui.words import literal

PLACES = ("Goal", "Model", "Data", "Method", "Plan")


class TopLine(Widget):
    """Shows the machine's facts on the left and the way through the questions on the right."""

    DEFAULT_CSS = """
    TopLine { dock: top; height: 2; color: $foreground; border-bottom: solid $panel; padding: 0 1; }
    """
    facts: reactive[str] = reactive("")

    def __init__(self, here: str = "") -> None:
        """`here` is the name of the screen: one of PLACES, or any other name, which then stands alone."""
        super().__init__()
        self.here = here

    def on_mount(self) -> None:
        """Follow what the program knows about the machine."""
        self.watch(self.app, "machine_line", self._machine_changed)

    def _machine_changed(self, line: str) -> None:
        self.facts = line

    def render(self) -> Content:
        """Return both ends of the line, with as many of the machine's facts as fit whole between them."""
        width = self.content_size.width
        right = self._trail(full=True)
        if right.cell_length + 32 > width:
            right = self._trail(full=False)
        left = Content.assemble(("tunewright", "bold $accent"), "  ")
        room = width - left.cell_length - right.cell_length - 2
        left = left + Content.styled(_whole_parts(literal(self.facts), room), "$foreground-muted")
        return left + Content(" " * max(width - left.cell_length - right.cell_length, 1)) + right

    def _trail(self, *, full: bool) -> Content:
        here = Content.styled(f"● {self.here}", "bold") if self.here else Content("")
        if self.here not in PLACES:
            return here
        at = PLACES.index(self.here)
        if not full:
            return Content.styled(f"{at + 1} of {len(PLACES)} ", "$foreground-muted") + here
        names = [here if name == self.here else Content.styled(name, "$foreground-muted") for name in PLACES]
        return Content.styled(" › ", "$foreground-muted").join(names)

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002
        """Return the whole width."""
        return container.width


def _whole_parts(line: str, room: int) -> str:
    """Return as many ` · ` separated facts as fit, so that none is cut in the middle."""
    parts = line.split(" · ")
    while parts and len(" · ".join(parts)) > room:
        parts.pop()
    return " · ".join(parts)
