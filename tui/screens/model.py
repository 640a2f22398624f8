"""Model: one from this machine, or any hub id or folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import DataTable, Input, Static

from engine.document import put
from engine.guide import Facts, recommend
from engine.login import log_in
from engine.model import ModelFacts, local_models, look
from engine.preset import presets
from engine.problem import Problem
from engine.tables import table
from tui.layout import cut
from tui.screens.ask import Ask
from tui.screens.step import Step
from tui.widgets.demand import demands, meant
from tui.widgets.entry import PathEntry, PathSuggester, clean_path
from tui.widgets.trouble import Trouble
from tui.words import literal, place, short, size

TOKEN = (
    "The owner of this model wants to know who takes it. Accept the terms on its page, make a read token under "
    "huggingface.co/settings/tokens and paste it here. It goes to this machine's Hugging Face login and nowhere else."
)
COLUMNS = ("Model", "Fits", "Parameters", "On disk", "Context")
UNFIT = 9
"""The order of a model that does not go with the goal at all."""
WEIGHTLESS = 4
"""The order of a model of which only the config.json is here."""


class ModelTable(DataTable[Text]):
    """The models that are offered, one a row."""

    BINDINGS = [Binding("enter", "select_cursor", "Choose", tooltip="Take this model and go on")]
    HELP = (
        "Models in the Hugging Face cache of this machine and in the folders below this one; those that fit the GPU "
        "come first. Context is the longest text in tokens, size what lies on the disk."
    )


@dataclass(frozen=True)
class Offer:
    """A model that can be chosen, and how well it goes with goal and machine (0 is best)."""

    name: str
    cells: tuple[str, str, str, str]
    order: int


class ModelScreen(Step):
    """The second question."""

    CSS_PATH = ["step.tcss", "model.tcss"]
    PLACE = "Model"
    HELP = (
        "The model that learns. A smaller one is faster and often enough; what you choose decides what fits the memory."
    )
    entry = getters.query_one("#path", PathEntry)
    table = getters.query_one(ModelTable)

    @dataclass
    class Listed(Message):
        """The models of this machine, best first."""

        offers: list[Offer]

    @dataclass
    class Seen(Message):
        """A model was looked at and can be used, or `problem` says why not."""

        name: str
        facts: ModelFacts | None = None
        problem: Problem | None = None

    offers: Sequence[Offer] = ()

    def question(self) -> ComposeResult:
        """Yield the field, and the models of this machine below it."""
        with Vertical(id="body"):
            yield Static("Which model?", classes="heading")
            yield PathEntry(
                self.draft("path"),
                id="path",
                placeholder="a hub id such as Qwen/Qwen3-0.6B, or a folder",
                suggester=PathSuggester(),
                help="Any model of the Hugging Face hub by its id (owner/name), or a folder that holds a config.json.",
            )
            yield Trouble()
            yield Static("looking for models on this machine …", classes="hint", id="state")
            yield ModelTable(cursor_type="row", zebra_stripes=False)

    def on_mount(self) -> None:
        """Begin to look for models; what was wrong with the answers so far is said at once."""
        self.entry.focus()
        self.app.input.wait_for(self.list_models(), text=False)
        if self.wizard.complaint:
            self.complain(self.wizard.complaint, self.entry)
            self.wizard.complaint = ""

    @work(thread=True, exclusive=True, exit_on_error=False, group="list")
    def list_models(self) -> None:
        """Find the models of this machine and see which of them fit; they arrive as `Listed`."""
        here = [self._offer(model) for model in local_models([Path.cwd()])]
        known = {offer.name for offer in here}
        goal = self.wizard.said("goal")
        for preset in presets():
            name = preset.values.get("model", {}).get("id", "")
            if preset.values.get("goal") == goal and name and name not in known:
                known.add(name)
                here.append(Offer(name, ("in a preset", "", "download", ""), 3))
        self.post_message(self.Listed(sorted(here, key=lambda offer: offer.order)))

    def _offer(self, model: ModelFacts) -> Offer:
        order, words = self._fit(model)
        name = str(model.folder) if model.folder and Path(model.id).expanduser().is_dir() else model.id
        parameters = short(model.parameters) if model.parameters else "?"
        stored = size(model.bytes_on_disk) if model.bytes_on_disk else "no weights"
        return Offer(name, (words, parameters, stored, f"{model.context:,}"), order)

    def _fit(self, model: ModelFacts) -> tuple[int, str]:
        try:
            ranking = recommend(self._asked(model), Facts(self.wizard.machine, model, None)).ranking
        except Problem as problem:
            return UNFIT, "not this goal" if problem.code == "kind" else problem.what
        best = next((verdict for verdict in ranking if verdict.possible and verdict.fits is not False), None)
        if best is None:
            return 8, "too large"
        made_for_it = (
            model.sentence_transformer or model.kind == table("wizard")["goals"][self.wizard.said("goal")]["model"]
        )
        order = (0 if model.bytes_on_disk else WEIGHTLESS) + (not made_for_it)
        return (order, f"✓ {best.label}") if best.fits else (order + 1, best.label)

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        self.offers = message.offers
        self.fill()
        self.entry.suggester = PathSuggester([offer.name for offer in message.offers])
        found = "on this machine, newest first" if message.offers else "no model on this machine yet: type a hub id"
        self.query_one("#state", Static).update(found)
        if message.offers and not self.entry.value:
            self.table.focus()

    def on_resize(self) -> None:
        """Show as many columns as the width has room for."""
        self.fill()

    def fill(self) -> None:
        """Put the offers into the table, in a narrow one without the last column."""
        shown = COLUMNS[: -1 if self.app.size.width < 100 else None]
        self.table.clear(columns=True)
        self.table.add_columns(*shown)
        for offer in self.offers:
            name = place(offer.name) if Path(offer.name).is_absolute() else literal(offer.name)
            cells = [name, *offer.cells][: len(shown)]
            self.table.add_row(
                *(Text(cut(cell, 34 if at == 0 else 14)) for at, cell in enumerate(cells)), key=offer.name
            )

    @on(DataTable.RowSelected)
    def _row(self, event: DataTable.RowSelected) -> None:
        self.take(str(event.row_key.value))

    @on(Input.Submitted, "#path")
    def _typed(self, event: Input.Submitted) -> None:
        self.take(clean_path(event.value))

    def take(self, name: str) -> None:
        """Choose a model by hub id or folder."""
        self.query_one(Trouble).say()
        self.query_one("#state", Static).update(f"looking at {literal(name, 60)} …")
        self.app.input.wait_for(self.look(name))

    @work(thread=True, exclusive=True, exit_on_error=False, group="look")
    def look(self, name: str) -> None:
        """Look at a model, and ask the guide whether it goes with the goal; the answer arrives as `Seen`."""
        facts = None
        try:
            facts = look(name)
            recommend(self._asked(facts), Facts(self.wizard.machine, facts, None))
        except Problem as problem:
            self.post_message(self.Seen(name, facts, problem))
        else:
            self.post_message(self.Seen(name, facts))

    def _asked(self, model: ModelFacts) -> dict[str, Any]:
        """Return answers that are enough to see whether a model fits; what is asked later is stood for by the model."""
        answers: dict[str, Any] = {"goal": self.wizard.said("goal"), "model": {"id": model.id}}
        for question in demands(answers["goal"]):
            answers = put(answers, question.field, self.wizard.said(question.field) or meant(question.field, model.id))
        return answers

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        self.query_one("#state", Static).update("")
        if message.facts is not None and message.problem is None:
            self.choose(message.name, message.facts)
        elif message.problem is not None and message.problem.code == "gated":
            self.ask_for_token(message.name, message.problem)
        elif message.problem is not None:
            self.complain(message.problem.sentence, self.entry)

    def choose(self, name: str, facts: ModelFacts) -> None:
        """Answer the question; what was answered for the width of another model is taken back."""
        if self.wizard.model is not None and self.wizard.model.hidden != facts.hidden:
            for dotted in ("objective.matryoshka", "objective.best_dimension"):
                self.wizard.forget(dotted)
        folder = Path(name).expanduser()
        self.wizard.answer("model.id", str(folder.resolve()) if folder.is_dir() else name)
        self.wizard.model = facts
        self.leave("data")

    @work
    async def ask_for_token(self, name: str, problem: Problem) -> None:
        """Ask for the token of a gated model, log this machine in with it, and look again."""
        ask = Ask("A token is needed", f"{problem.sentence}. {TOKEN}", settle=log_in, secret=True, placeholder="hf_…")
        if await self.app.push_screen_wait(ask) is None:
            self.complain(problem.sentence, self.entry)
        else:
            self.take(name)
