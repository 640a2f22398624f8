"""One line per method of the guide's ranking, the same on Method and on Plan."""

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from engine.guide import Verdict
from tui.layout import hanging
from tui.words import duration, gib, literal

LABEL, MEMORY, TIME = 13, 9, 12


def line(verdict: Verdict, room: int, *, best: bool = False, change: bool = False) -> Content:
    """Return mark, label, memory, time and verdict of a method in columns; with `change` what would make it fit."""
    mark, style = _mark(verdict, best)
    memory = gib(verdict.peak_gib) if verdict.peak_gib is not None else ""
    time = f"~{duration(verdict.seconds[1])}" if verdict.seconds and verdict.fits is not False else ""
    lead = Content.assemble(
        (f"{mark} ", style),
        (literal(verdict.label, LABEL).ljust(LABEL), "bold" if best else ""),
        memory.rjust(MEMORY),
        time.rjust(TIME),
        "  ",
    )
    words = f"{verdict.verdict}; {verdict.change}" if change and verdict.change else verdict.verdict
    return hanging(lead, literal(words), room, "" if verdict.possible else "$foreground-muted")


def _mark(verdict: Verdict, best: bool) -> tuple[str, str]:
    if not verdict.possible:
        return "–", "$foreground-muted"
    if verdict.fits is False:
        return "✗", "$text-error"
    if best:
        return "●", "$text-accent"
    return ("✓", "$text-success") if verdict.fits else ("?", "$text-warning")


class Ranking(Widget):
    """All methods of the goal in one line each, the chosen one marked."""

    DEFAULT_CSS = "Ranking { height: auto; }"

    def __init__(self) -> None:
        """A ranking of nothing yet."""
        super().__init__()
        self.ranking: Sequence[Verdict] = ()
        self.chosen = ""

    def show(self, ranking: Sequence[Verdict], chosen: str) -> None:
        """Show the ranking."""
        self.ranking, self.chosen = ranking, chosen
        self.refresh(layout=True)

    def render(self) -> Content:
        """Return the lines in the width that there is."""
        room = self.content_size.width or 50
        return Content("\n").join(
            [line(each, room, best=each.method == self.chosen, change=True) for each in self.ranking]
        )
