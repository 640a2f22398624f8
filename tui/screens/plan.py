"""Plan: the complete run with a reason for every choice, its memory and time, and the script that will do it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from engine.document import dump
from engine.findings import sentence as finding
from engine.fitting import foresee
from engine.machine import describe
from engine.preset import presets
from engine.problem import Problem
from engine.script import assemble
from tui.offers import cautions, offers, on_offer, spent
from tui.outline import matters, sentence
from tui.planning import Thought, start, think, timed, warm_up
from tui.screens.ask import Ask, Choose, Sure
from tui.screens.consent import consented
from tui.screens.goal import told
from tui.screens.keeping import keep
from tui.screens.step import Step
from tui.widgets.choices import Choice
from tui.widgets.matters import Matters
from tui.widgets.memory_bar import MemoryBar
from tui.widgets.script_view import ScriptView, coloured
from tui.widgets.trouble import Trouble
from tui.widgets.verdicts import Ranking
from tui.words import literal

WHAT_IF = "The name of a card (T4, RTX 4090, A100) or its memory in GiB (24). Nothing: this machine again."
TOO_LARGE = "The training needs more memory than is free and will most likely end with an error. Start it all the same?"

if TYPE_CHECKING:
    from engine.warm import Warm


class PlanScreen(Step):
    """The heart of the program: from here a run is started, changed, saved or taken home."""

    CSS_PATH = ["step.tcss", "plan.tcss"]
    PLACE = "Plan"
    AUTO_FOCUS = "#body"
    HELP = (
        "This is the complete run. Everything was chosen for your goal, model, data and machine, and each line says "
        "why. Enter starts it; every value can be changed first, and memory, time and script follow every change."
    )
    BINDINGS = [
        Binding(
            "enter", "start", "Start", tooltip="Create the run and start the training; it goes on without this screen"
        ),
        Binding("e", "edit", "Edit", tooltip="Change any value, with its help and bounds"),
        Binding("m", "methods", "Methods", tooltip="The other methods for this goal, with their reasons"),
        Binding("x", "export", "Export script", tooltip="See the whole script and write it to a file"),
        Binding("s", "save", "Save as YAML", tooltip="Write the complete run to a file for `tunewright run`"),
        Binding("w", "what_if", "What if", tooltip="Plan for another GPU, to see what it would change"),
        Binding(
            "t", "tokens", "Tokens", tooltip="See rows as the model will see them: what is trained on, what is cut"
        ),
        Binding("p", "presets", "Presets", tooltip="Take the settings of a preset"),
        Binding("b", "take('batch')", "Largest batch", tooltip="Take the largest batch that is sure to fit"),
        Binding("l", "take('text')", "Longest text", tooltip="Take the longest text that is sure to fit"),
        Binding("c", "take('change')", "Make it fit", tooltip="Take the cheapest change that makes the run fit"),
    ]
    warm: "Warm | None" = None
    script = getters.query_one(ScriptView)
    trouble = getters.query_one("#trouble", Trouble)

    @dataclass
    class Planned(Message):
        """A plan has been made for the answers, or `problem` says what is wrong with them."""

        thought: Thought | None
        problem: Problem | None = None

    @dataclass
    class Scripted(Message):
        """The script of the plan."""

        text: str
        lines: Sequence[Content]

    def question(self) -> ComposeResult:
        """Yield sentence, choices, memory and time, then the other methods beside the script."""
        with VerticalScroll(id="body"):
            yield Static("", id="title")
            yield Static("", id="warnings")
            yield Trouble(id="trouble")
            yield Matters()
            yield MemoryBar()
            yield Static("", id="time")
            with Horizontal(id="below"):
                with VerticalScroll(id="others", can_focus=False) as others:
                    others.border_title = "Other methods for this goal"
                    yield Ranking()
                view = ScriptView()
                view.border_title = "train.py"
                yield view

    def on_mount(self) -> None:
        """Show the last plan at once and make a fresh one."""
        if self.wizard.thought is not None:
            self.show(self.wizard.thought)
        else:
            self.query_one("#title", Static).update("making the plan …")
        self.think()
        self.watch(self.app, "machine", self._machine_changed, init=False)
        self.app.look_at_machine()

    def _machine_changed(self) -> None:
        """Plan anew when another program has taken or given back memory; an imagined card stays in the top line."""
        self.app.machine_line = describe(self.wizard.machine)
        self.think()

    def think(self) -> None:
        """Make plan and script; the next key waits for them, since it may start the run."""
        self.app.input.wait_for(self.make_plan())

    @work(thread=True, exclusive=True, exit_on_error=False, group="plan")
    def make_plan(self) -> None:
        """Make plan and script for the answers as they are now; they arrive as `Planned` and `Scripted`."""
        worker = get_current_worker()
        try:
            thought = think(self.wizard.recommend(), self.wizard.facts)
            if not worker.is_cancelled:
                self.post_message(self.Planned(thought))
            if not worker.is_cancelled:
                text = assemble(thought.plan.run)
                self.post_message(self.Scripted(text, coloured(text)))
        except Problem as problem:
            self.post_message(self.Planned(None, problem))

    @on(Planned)
    def _planned(self, message: Planned) -> None:
        self.wizard.thought = message.thought or self.wizard.thought
        if message.problem is not None:
            self.trouble.say(message.problem.sentence)
        elif message.thought is not None:
            self.trouble.say(self.wizard.not_applied())
            self.show(message.thought)

    @on(Scripted)
    def _scripted(self, message: Scripted) -> None:
        self.script.show(message.text, message.lines)
        if self.wizard.thought is not None:
            self.warm = warm_up(self.wizard.thought, self.warm, self.wizard.machine)

    def on_unmount(self) -> None:
        """Let the waiting worker go; one that has begun a run is not touched."""
        if self.warm is not None:
            self.warm.end()

    def show(self, thought: Thought) -> None:
        """Show a plan."""
        plan, data = thought.plan, self.wizard.data
        teach, model, rest = (literal(part) for part in sentence(plan.run, data))
        self.query_one("#title", Static).update(Content.assemble(f"{teach} ", (model, "bold $text-accent"), f" {rest}"))
        self.query_one(Matters).show(matters(plan.run, data, self.wizard.machine, plan.reasons))
        self.query_one(MemoryBar).show(plan.estimate, offers(thought))
        self.query_one("#time", Static).update(spent(thought))
        self.query_one("#warnings", Static).update(cautions(thought))
        self.query_one("#warnings").display = bool(thought.warnings or thought.obstacle or thought.found)
        self.query_one(Ranking).show(plan.ranking, plan.run.method.kind)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the largest batch and text only where they are larger, and a change only where one is needed."""
        return action != "take" or parameters[0] in on_offer(self.wizard.thought)

    @on(Matters.Clicked)
    def _clicked(self, message: Matters.Clicked) -> None:
        if message.field == "method.kind":
            self.action_methods()
        else:
            self.edit(message.field)

    def action_edit(self) -> None:
        """Open the form of all fields."""
        self.edit()

    @work(exclusive=True, group="over")
    async def edit(self, field: str = "") -> None:
        """Let the person change fields, beginning with one or where the editor was left, then plan anew."""
        from tui.screens.edit import EditScreen

        if self.wizard.thought is not None:
            await self.app.push_screen_wait(EditScreen(self.wizard, field or self.wizard.field))
            self.think()

    def action_methods(self) -> None:
        """Go to the ranking of the methods."""
        self.leave("method")

    def action_take(self, what: str) -> None:
        """Take the largest batch, the longest text, or the cheapest change that makes the run fit."""
        self.take(on_offer(self.wizard.thought)[what])

    def take(self, values: Mapping[str, Any]) -> None:
        """Answer with these values: the bar follows at once, the whole plan as soon as it is made anew."""
        self.foresee(values)
        for dotted, value in values.items():
            self.wizard.answer(dotted, value)
        self.call_after_refresh(self.think)  # which takes the processor from the bar that is to be painted

    def foresee(self, values: Mapping[str, Any]) -> None:
        """Let the bar show what the run will need with these values, or on another card."""
        if self.wizard.thought is not None:
            spent = foresee(self.wizard.thought.plan.run, values, self.wizard.facts)
            if spent is not None:
                self.query_one(MemoryBar).show(spent, None)

    def action_tokens(self) -> None:
        """Show rows as the model of this plan will see them."""
        from tui.screens.tokens import TokensScreen

        if self.wizard.thought is not None:
            plan = self.wizard.thought.plan
            self.app.push_screen(TokensScreen(lambda: timed(plan)))

    @work(exclusive=True, group="over")
    async def action_save(self) -> None:
        """Write the complete run to a YAML file."""
        if self.wizard.thought is not None:
            run = self.wizard.thought.plan.run
            text = dump(run, list(map(finding, self.wizard.thought.found)))
            await keep(self.app, "Save the run as YAML", f"{run.output.name}.yaml", text, self.wizard.drafts)

    @work(exclusive=True, group="over")
    async def action_export(self) -> None:
        """Show the whole script, and write it where the person says."""
        from engine.notebook import notebook
        from tui.screens.script import ScriptScreen

        text = self.script.text
        form = await self.app.push_screen_wait(ScriptScreen(text, self.script.lines))
        if form == "notebook":
            await keep(self.app, "Export the notebook", "train.ipynb", notebook(text), self.wizard.drafts)
        elif form:
            await keep(self.app, "Export the script", "train.py", text, self.wizard.drafts)

    @work(exclusive=True, group="over")
    async def action_what_if(self) -> None:
        """Plan for another GPU, or for this machine again."""
        now = self.wizard.imagined.gpu if self.wizard.imagined is not None else None
        ask = Ask("What if the GPU were another one?", WHAT_IF, now.name if now else "", settle=self.wizard.check_gpu)
        answer = await self.app.push_screen_wait(ask)
        if answer is not None:
            self.wizard.imagine(answer)
            self.foresee({})
            self.think()

    @work(exclusive=True, group="over")
    async def action_presets(self) -> None:
        """Take the settings of a preset of this goal; another model than the preset's keeps its place."""
        goal = self.wizard.said("goal")
        offered = [each for each in presets() if each.values.get("goal") == goal]
        name = await self.app.push_screen_wait(
            Choose("Presets for this goal", [Choice(each.name, partial(told, each)) for each in offered])
        )
        if name is None:
            return
        model = self.wizard.said("model.id")
        self.wizard.begin_with(next(each.values for each in offered if each.name == name))
        if self.wizard.said("model.id") == model:
            self.think()
        else:
            self.leave("model")

    @work(exclusive=True, group="over")
    async def action_start(self) -> None:
        """Create the run and start it, unless it is planned for another machine; ask once where it will not fit."""
        thought = self.wizard.thought
        if thought is None:
            return
        if self.wizard.imagined is not None:
            self.trouble.say("this plan is for another GPU; press w and leave the field empty to plan for this machine")
            return
        estimate = thought.plan.estimate
        too_large = estimate is not None and estimate.fits is False
        if too_large and not await self.app.push_screen_wait(Sure("This will probably not fit", TOO_LARGE)):
            return
        self.query_one("#time", Static).update("starting …")
        try:
            begin = partial(start, thought.plan.run, self.wizard.facts, self.app.runs, self.warm)
            self.wizard.started = await consented(self.app, begin)
        except Problem as problem:
            self.show(thought)
            self.trouble.say(problem.sentence)
        else:
            self.leave("started")
