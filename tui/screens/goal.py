"""Goal: what the model should learn, in a person's words, or a preset to begin with."""

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from engine.preset import Preset, preset, presets
from engine.tables import table
from tui.layout import hanging
from tui.screens.step import Step
from tui.widgets.choices import Choice, Choices

KEPT = ("model", "data", "output", "launch", "tracking")


class GoalScreen(Step):
    """The first question."""

    CSS_PATH = ["step.tcss", "goal.tcss"]
    PLACE = "Goal"
    HELP = (
        "The goal decides which models and which data fit, and how the training is done. Choose what describes your "
        "wish; a preset is the same with a model and settings filled in, all of which you can change on the plan."
    )

    def question(self) -> ComposeResult:
        """Yield the goals and the presets in one list."""
        goals = [Choice(f"goal:{name}", partial(_goal, words)) for name, words in table("wizard")["goals"].items()]
        ready = [Choice(f"preset:{each.name}", partial(told, each)) for each in presets()]
        with Vertical(id="body"):
            yield Static("What should the model learn?", classes="heading")
            yield Choices(*goals, Choice("", _heading), *ready, id="goals")

    def on_mount(self) -> None:
        """Stand on what was chosen before."""
        goals = self.query_one(Choices)
        goals.highlighted = goals.get_option_index(f"goal:{self.wizard.said('goal', 'sft')}")
        goals.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        kind, _, name = (event.option_id or "").partition(":")
        if kind == "preset":
            self.wizard.begin_with(preset(name).values)
        elif name != self.wizard.said("goal"):
            kept = {key: value for key, value in self.wizard.answers.items() if key in KEPT}
            self.wizard.answers, self.wizard.wishes = kept | {"goal": name}, {}
            self.wizard.forget("data.columns")
        self.leave("model")


def _heading(_: int) -> Content:
    return Content.styled("Or begin with settings that are known to work", "bold")


def _goal(words: dict[str, str], room: int) -> Content:
    lines = [
        Content.styled(words["title"], "bold"),
        hanging("  ", words["does"], room),
        hanging("  ", words["needs"], room, "$foreground-muted"),
    ]
    return Content("\n").join([*lines, Content("")])


def told(each: Preset, room: int) -> Content:
    """Return a preset as it stands in a list: name, title, and why."""
    first = hanging(Content.styled(f"{each.name}  ", "bold"), each.title, room)
    return first + Content("\n") + hanging("  ", each.why, room, "$foreground-muted")
