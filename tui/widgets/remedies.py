"""What is wrong with the rows, and what is done about it: one line for each problem, one key for each remedy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from engine.data import DataProblem
from engine.data.facts import Remedy
from engine.goals.row_choices import Droppable
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
        "What is wrong with the rows. The remedy in brackets is what the run will do; the arrows left and "
        "right choose another one. Rows that are left out are written to dropped.jsonl in the run's folder."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,enter", "remedy(1)", "Next remedy", key_display="→", tooltip="Do the next thing in this line"),
        Binding("left", "remedy(-1)", "Remedy before", key_display="←", tooltip="Do the thing before it"),
    ]

    @dataclass
    class Chosen(Message):
        """A remedy was chosen for a problem, or none."""

        problem: DataProblem
        remedy: Remedy | Literal[""]

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

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Offer the keys only where the highlighted problem has several remedies."""
        at = self.highlighted
        return action != "remedy" or (at is not None and len(possible(self.problems[at])) > 0)

    def action_remedy(self, by: int) -> None:
        """Choose the next remedy of the highlighted problem, or the one before."""
        if self.highlighted is not None:
            problem = self.problems[self.highlighted]
            remedies: tuple[Remedy | Literal[""], ...] = possible(problem)
            now = self.remedy_of(problem)
            if not usual(problem):
                remedies = (*remedies, "")
            at = remedies.index(now) + by if now in remedies else 0 if by > 0 else -1
            self.post_message(self.Chosen(problem, remedies[at % len(remedies)]))

    def on_option_list_option_highlighted(self) -> None:
        """Show the keys of the problem that is highlighted now."""
        self.refresh_bindings()

    def on_resize(self, event: events.Resize) -> None:  # noqa: ARG002
        """Draw the lines anew in the width that there is now."""
        self.show(self.problems, self.chosen)
