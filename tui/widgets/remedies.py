"""What is wrong with the rows, and what is done about it: one line for each problem, one key for each remedy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, get_args

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from engine.data import DataProblem
from engine.data.facts import Remedy
from engine.goals.shared import Droppable
from tui.layout import cut
from tui.words import literal

DROPPABLE = frozenset(get_args(Droppable))
WORDS: dict[str, str] = {"drop": "leave out", "clip": "shorten", "split": "keep together", "keep": "keep"}

SIGNS = {"wrong": ("✗", "$text-error"), "warning": ("⚠", "$text-warning"), "note": ("·", "$foreground-muted")}


def possible(problem: DataProblem) -> tuple[Remedy, ...]:
    """Return the remedies that a run can carry out."""
    always = problem.code == "empty_field"
    able = (each for each in problem.remedies if each != "drop" or problem.code in DROPPABLE or always)
    return tuple(dict.fromkeys(able))


def usual(problem: DataProblem) -> str:
    """Return what is done where nobody chose: what the guide does by itself, else nothing."""
    remedies = possible(problem)
    always = "drop" if problem.code == "empty_field" and remedies else ""
    return next((each for each in ("split", "clip", "keep") if each in remedies), always)


class Remedies(OptionList):
    """The problems of a data set; the highlighted one takes a key."""

    DEFAULT_CSS = """
    Remedies { border: none; padding: 0; height: auto; max-height: 8; background: $background; display: none; }
    Remedies:focus { border: none; }
    Remedies.-some { display: block; }
    """
    HELP = (
        "What is wrong with the rows. The remedy in brackets is what the run will do: d leaves the rows out (they are "
        "written to dropped.jsonl in the run's folder), c shortens long ones, s keeps rows of one document together, "
        "k keeps all as it is."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "remedy('drop')", "Leave out", tooltip="Leave these rows out; dropped.jsonl will hold them"),
        Binding("k", "remedy('keep')", "Keep", tooltip="Keep these rows as they are"),
        Binding("c", "remedy('clip')", "Shorten", tooltip="Cut what is longer than the model reads"),
        Binding("s", "remedy('split')", "Together", tooltip="Keep rows of one document on one side of the test"),
    ]

    @dataclass
    class Chosen(Message):
        """A remedy was chosen for a problem."""

        problem: DataProblem
        remedy: Remedy

    def __init__(self) -> None:
        """There is nothing to show yet."""
        super().__init__(markup=False)
        self.problems: Sequence[DataProblem] = ()
        self.chosen: Mapping[str, str] = {}

    def show(self, problems: Sequence[DataProblem], chosen: Mapping[str, str]) -> None:
        """Show the problems, each with the remedy that was chosen by its code."""
        at = self.highlighted
        self.problems, self.chosen = problems, chosen
        self.set_class(bool(problems), "-some")
        self.clear_options()
        self.add_options(Option(self._line(problem), id=str(n)) for n, problem in enumerate(problems))
        if problems:
            self.highlighted = min(at or 0, len(problems) - 1)

    def _line(self, problem: DataProblem) -> Content:
        sign, style = SIGNS[problem.severity]
        remedies, now = possible(problem), self.remedy_of(problem)
        shown = "  ".join(f"[{WORDS[each]}]" if each == now else WORDS[each] for each in remedies)
        where = f"row {problem.row:,}: " if problem.row and not problem.count else ""
        width = (self.scrollable_content_region.width or 78) - 1
        room = max(20, width - len(shown) - 4)
        first = Content.styled(f"{sign} {cut(where + literal(problem.message, 300), room).ljust(room)}", style)
        lines = [Content.assemble(first, "  ", shown)]
        if problem.advice:
            lines.append(Content.styled(f"  {cut(literal(problem.advice, 300), width - 2)}", "$foreground-muted"))
        return Content("\n").join(lines)

    def remedy_of(self, problem: DataProblem) -> str:
        """Return what is done about a problem: what was chosen, else what is usual."""
        return self.chosen.get(problem.code) or usual(problem)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys of the remedies that the highlighted problem has."""
        if action != "remedy":
            return True
        at = self.highlighted
        return at is not None and at < len(self.problems) and parameters[0] in possible(self.problems[at])

    def action_remedy(self, remedy: Remedy) -> None:
        """Choose a remedy for the highlighted problem."""
        if self.highlighted is not None:
            self.post_message(self.Chosen(self.problems[self.highlighted], remedy))

    def on_option_list_option_highlighted(self) -> None:
        """Show the keys of the problem that is highlighted now."""
        self.refresh_bindings()

    def on_resize(self, event: events.Resize) -> None:  # noqa: ARG002
        """Draw the lines anew in the width that there is now."""
        self.show(self.problems, self.chosen)
