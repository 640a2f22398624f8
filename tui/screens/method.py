"""Method: the guide's ranking of which weights change, each with its verdict, its memory and its reasons."""

from functools import partial

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static

from engine.consent import require
from engine.goals.rewards import BUILTIN
from engine.guide import Plan, Verdict, questions
from engine.problem import Problem
from engine.reward_code import code_of
from engine.tables import table
from tui.layout import hanging
from tui.screens.consent import consented
from tui.screens.step import Step
from tui.widgets.choices import Choice, Choices
from tui.widgets.demand import Demand, demands, shown
from tui.widgets.entry import PathEntry
from tui.widgets.trouble import Trouble
from tui.widgets.verdicts import line
from tui.widgets.wishes import WishList
from tui.words import literal


class MethodScreen(Step):
    """How the model is taught; the first is the guide's choice, and Enter takes it."""

    CSS_PATH = ["step.tcss", "method.tcss"]
    PLACE = "Method"
    BINDINGS = [
        Binding(
            "ctrl+s", "evidence", "Evidence", tooltip="Where the reasons are known from: papers, threads, measurements"
        )
    ]
    methods = getters.query_one("#methods", Choices)
    body_trouble = getters.query_one("#trouble", Trouble)
    ranking: tuple[Verdict, ...] = ()
    evidence = False
    HELP = (
        "Which weights change decides memory, time, and how much the model can learn or forget. The best for your "
        "model, data and machine stands first. ✓ fits, ✗ does not fit, – is not possible here."
    )

    class Ranked(Message):
        """The guide has ranked the methods, or `problem` says what is wrong with the answers."""

        def __init__(self, plan: Plan | None, problem: str = "") -> None:
            """The plan holds the ranking, best first."""
            super().__init__()
            self.plan, self.problem = plan, problem

    def question(self) -> ComposeResult:
        """Yield the list."""
        with Vertical(id="body"):
            for question in demands(str(self.wizard.said("goal"))):
                typed = shown(self.wizard.said(question.field))
                yield Demand(question, self.draft(question.field.replace(".", "-"), typed))
            yield Static("How should it learn?", classes="heading")
            yield WishList(questions(str(self.wizard.said("goal"))), self.wizard.wishes)
            yield Static("", id="instead")
            yield Trouble(id="trouble")
            yield Choices(id="methods")

    def on_mount(self) -> None:
        """Ask the guide, or first for what it needs to know."""
        open_questions = [demand for demand in self.query(Demand) if not self.wizard.said(demand.question.field)]
        self.methods.focus()
        if open_questions:
            open_questions[0].query_one(PathEntry).focus()
        else:
            self.app.input.wait_for(self.rank())

    @on(Demand.Given)
    def _given(self, message: Demand.Given) -> None:
        self.consider(message.field, message.value)

    @work
    async def consider(self, field: str, value: dict[str, str] | str) -> None:
        """Take an answer, and rank; the code of a reward is run only when the person has said so."""
        if isinstance(value, dict) and not value.get("function", BUILTIN).startswith(BUILTIN):
            try:
                await consented(self.app, partial(_check, value["function"]))
            except Problem as problem:
                self.body_trouble.say(problem.sentence)
                return
            self.wizard.answer("objective.trust_reward_code", True)
        self.wizard.answer(field, value)
        self.methods.focus()
        self.app.input.wait_for(self.rank())

    @work(thread=True, exclusive=True, exit_on_error=False)
    def rank(self) -> None:
        """Rank the methods; the answer arrives as `Ranked`."""
        try:
            self.post_message(self.Ranked(self.wizard.recommend()))
        except Problem as problem:
            self.post_message(self.Ranked(None, problem.sentence))

    @on(Ranked)
    def _ranked(self, message: Ranked) -> None:
        self.body_trouble.say(message.problem)
        self.ranking = message.plan.ranking if message.plan else ()
        self.query_one("#instead", Static).update(_instead(message.plan))
        self.offer(str(self.wizard.said("method.kind", "")))

    def offer(self, stand_on: str) -> None:
        """Show the ranking, with the evidence behind its reasons where that is asked for."""
        offered = [
            Choice(verdict.method, partial(_explained, verdict, place == 0, self.evidence), verdict.possible)
            for place, verdict in enumerate(self.ranking)
        ]
        self.methods.offer(offered, stand_on)

    @on(WishList.Wished)
    def _wished(self, message: WishList.Wished) -> None:
        self.wizard.wishes = message.said
        self.app.input.wait_for(self.rank())

    def action_evidence(self) -> None:
        """Show or hide where the reasons are known from."""
        self.evidence = not self.evidence
        at = self.methods.highlighted
        self.offer(self.ranking[at].method if at is not None else "")

    @on(OptionList.OptionSelected, "#methods")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if event.option_id != self.wizard.said("method.kind"):
            self.wizard.answer("method", {"kind": event.option_id})
        self.leave("plan")


def _check(function: str) -> None:
    """Raise ConsentNeeded for the code of a reward that the person has not agreed to."""
    code = code_of(function)
    require([code] if code is not None else [])


def _instead(plan: Plan | None) -> Content:
    """Return which other goals should come first or serve better, one a line."""
    lines = (
        [Content(f"▸ {table('wizard')['goals'][each.goal]['title']}: {each.sentence}") for each in plan.instead]
        if plan
        else []
    )
    return Content("\n").join(lines)


def _explained(verdict: Verdict, best: bool, evidence: bool, room: int) -> Content:
    reasons = [
        hanging(f"    {reason[:2]}", literal(reason[2:]), room, "$foreground-muted") for reason in verdict.reasons
    ]
    known = [hanging("      ", literal(source), room, "$text-accent") for source in verdict.evidence if evidence]
    return Content("\n").join([line(verdict, room, best=best), *reasons, *known, Content("")])
