"""Edit: every field of the run with help, bounds and the reason for its value; a change takes effect at once."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic.fields import FieldInfo
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, OptionList

from engine.config import Run
from engine.document import put, walk
from engine.fitting import foresee
from engine.problem import Problem
from tui.app import Tunewright
from tui.layout import cut
from tui.planning import Thought, think
from tui.widgets.choices import Choice, Choices
from tui.widgets.entry import PlainEntry
from tui.widgets.field import FieldForm
from tui.widgets.keybar import KeyBar
from tui.widgets.memory_bar import MemoryBar
from tui.widgets.topline import TopLine
from tui.widgets.value import written
from tui.words import literal

if TYPE_CHECKING:
    from tui.wizard import Wizard

NOT_APPLIED = "not applied"
ELSEWHERE = frozenset({"version", "goal", "method.kind", "model.id", "data.train"})
"""Fields that have a question of their own."""


class Fields(Choices):
    """The list of fields."""

    HELP = (
        "Every value of the run; those with a dot you have set yourself. Enter goes to the value, what you type "
        "finds a field, ctrl+r lets the guide choose the value again."
    )
    BINDINGS = [
        Binding("enter", "select", "Change", tooltip="Go to the value of the highlighted field"),
        Binding("slash", "screen.find", "Find", key_display="/", tooltip="Type a part of the field's name"),
    ]


class EditScreen(Screen[None]):
    """All fields beside the form of one; answers are kept in the wizard as they are made."""

    CSS_PATH = "edit.tcss"
    HELP = (
        "A change takes effect at once: memory below, and on the plan the time and the script, follow it. A value "
        "that was typed is taken when its field is left."
    )
    BINDINGS = [
        Binding("ctrl+r", "recommended", "Recommended", tooltip="Let the guide choose this value again"),
        Binding("escape", "back", "Back", tooltip="From the value to the list, from the list to the plan"),
    ]
    fields = getters.query_one(Fields)

    @dataclass
    class Tried(Message):
        """An edit was tried: a new thought for new answers, or what is wrong."""

        name: str
        answers: dict[str, Any]
        thought: Thought | None = None
        problem: Problem | None = None

    app = getters.app(Tunewright)

    def __init__(self, wizard: "Wizard", field: str) -> None:
        """`field` is the dotted name to begin with."""
        super().__init__()
        self.wizard, self.field = wizard, field
        self.refused: dict[str, str] = {}
        """Why what was typed for a field was not taken."""

    @property
    def thought(self) -> Thought:
        """The plan as it is."""
        assert self.wizard.thought is not None, "only a plan can be edited"
        return self.wizard.thought

    def leaves(self) -> list[tuple[str, FieldInfo, Any]]:
        """Return dotted name, field and value of all that can be edited here."""
        run: Run = self.thought.plan.run
        return [leaf for leaf in walk(run) if leaf[0] not in ELSEWHERE]

    def compose(self) -> ComposeResult:
        """Yield the list, the form and the memory that follows."""
        yield TopLine("Edit")
        with Horizontal(id="both"):
            with Vertical(id="left"):
                yield PlainEntry(
                    "", id="find", placeholder="find a field", help="Type a part of a field's name or of its help."
                )
                yield Fields()
            yield VerticalScroll(id="form", can_focus=False)
        yield MemoryBar()
        yield KeyBar()

    def on_mount(self) -> None:
        """Stand on the field that was asked for."""
        self.fill()
        self.query_one(MemoryBar).show(self.thought.plan.estimate)
        self.fields.focus()

    def fill(self) -> None:
        """List the fields that match what is typed in the search."""
        typed = self.query_one("#find", PlainEntry).value.lower().removeprefix("/").strip()
        found = [leaf for leaf in self.leaves() if typed in leaf[0] or typed in (leaf[1].description or "").lower()]
        width = max((len(name) for name, _, _ in found), default=0)
        offered = []
        for name, info, value in found:
            mine, draft = self.wizard.said(name) is not None, self.drafted(name)
            shown = written(value, info) if draft is None else f"{draft}  {NOT_APPLIED}"
            offered.append(Choice(name, partial(_field, name.ljust(width + 2), shown, mine, draft is not None)))
        self.fields.offer(offered or [Choice("", partial(_nothing, typed))], self.field)

    def drafted(self, name: str) -> str | None:
        """Return what was typed for a field and is not applied."""
        return self.wizard.drafts.get(f"Edit.{name}")

    @on(OptionList.OptionHighlighted, "Fields")
    async def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self.field = self.wizard.field = event.option_id or self.field
        await self.show_form()

    async def show_form(self) -> None:
        """Show the form of the highlighted field."""
        form = self.query_one("#form", VerticalScroll)
        name, info, value = next(leaf for leaf in self.leaves() if leaf[0] == self.field)
        await form.remove_children()
        shown = FieldForm(name, info, value, self.thought.plan.reasons.get(name, ""), self.drafted(name) or "")
        await form.mount(shown)
        if self.drafted(name) is not None:
            shown.complain(self.refused.get(name, NOT_APPLIED))

    @on(OptionList.OptionSelected, "Fields")
    def _selected(self) -> None:
        self.query_one(FieldForm).edit()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        form = event.input.parent
        if event.input.id == "find":
            self.fill()
        elif isinstance(form, FieldForm):
            self.wizard.settle_draft(f"Edit.{form.field}", event.value, written(form.value, form.info))

    @on(Input.Blurred)
    def _left(self, event: Input.Blurred) -> None:
        """Take what was typed when its field is left, unless it is the terminal that lost the focus."""
        form = event.input.parent
        if event.input.id == "find":
            self.query_one("#find", PlainEntry).taken = event.value
        if isinstance(form, FieldForm) and self.app.app_focus and self.drafted(form.field) is not None:
            form.take(event.value)

    @on(Input.Submitted, "#find")
    def _found(self) -> None:
        self.fields.focus()

    @on(FieldForm.Edited)
    def _edited(self, event: FieldForm.Edited) -> None:
        answers = self.wizard.answers
        if event.name.startswith("method."):
            answers = put(answers, "method.kind", self.thought.plan.run.method.kind)
        spent = foresee(self.thought.plan.run, {event.name: event.value}, self.wizard.facts)
        if spent is not None:
            self.query_one(MemoryBar).show(spent, None)
        self.call_after_refresh(self.attempt, event.name, put(answers, event.name, event.value))

    @on(FieldForm.Refused)
    def _refused(self, event: FieldForm.Refused) -> None:
        self.refuse(event.name, event.sentence)

    def refuse(self, name: str, sentence: str) -> None:
        """Say why a value is not applied, below its field where that is shown."""
        self.refused[name] = sentence
        form = self.query_one(FieldForm)
        if form.field == name:
            form.complain(sentence)
        if not form.has_focus_within:
            self.fill()

    def attempt(self, name: str, answers: dict[str, Any]) -> None:
        """Plan with other answers; the next key waits for what comes of it."""
        self.app.input.wait_for(self.plan(name, answers))

    @work(thread=True, exclusive=True, exit_on_error=False)
    def plan(self, name: str, answers: dict[str, Any]) -> None:
        """Plan with other answers; whether they hold arrives as `Tried`."""
        try:
            plan = self.wizard.recommend(answers)
            self.post_message(self.Tried(name, answers, think(plan, self.wizard.facts)))
        except Problem as problem:
            self.post_message(self.Tried(name, answers, None, problem))

    @on(Tried)
    def _tried(self, message: Tried) -> None:
        if message.thought is None:
            if message.problem is not None:
                self.refuse(message.name, message.problem.sentence)
            return
        self.wizard.answers, self.wizard.thought = message.answers, message.thought
        self.wizard.drafts.pop(f"Edit.{message.name}", None)
        self.query_one(MemoryBar).show(message.thought.plan.estimate)
        stay = self.focused is not None and self.focused.id == "find"
        self.fill()
        if not stay:
            self.fields.focus()

    def action_recommended(self) -> None:
        """Let the guide choose the highlighted field again."""
        from tui.wizard import without

        self.wizard.drafts.pop(f"Edit.{self.field}", None)
        self.attempt(self.field, without(self.wizard.answers, self.field.split(".")))

    def action_find(self) -> None:
        """Go to the search."""
        self.query_one("#find", PlainEntry).focus()

    def action_back(self) -> None:
        """Go from the value to the list, from the list to the plan, which says what was not applied."""
        if self.focused is not self.fields:
            self.fields.focus()
            return
        self.dismiss()


def _nothing(typed: str, _: int) -> Content:
    return Content(f"  no field is called '{literal(typed, 40)}'")


def _field(name: str, value: str, mine: bool, draft: bool, room: int) -> Content:
    return Content.assemble(
        ("● " if mine else "  ", "$text-accent"),
        name,
        (cut(literal(value), room - len(name) - 2), "$text-warning" if draft else "bold"),
    )
