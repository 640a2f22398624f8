"""The conversation: a few questions, then a plan; one straight coroutine over what is answered and what is known."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import Any

from textual.worker import get_current_worker

from engine.cards import near_names
from engine.data import DataFacts
from engine.data import look as look_at_data
from engine.data.within import source_of
from engine.document import put, resolve
from engine.guide import Facts, Plan, Wishes, recommend
from engine.machine import Machine, describe, imagine
from engine.model import ModelFacts
from engine.model import look as look_at_model
from engine.problem import Problem
from tui.app import Tunewright
from tui.planning import Thought, sparse
from tui.screens.step import Step
from tui.several import written

STEPS = ("goal", "model", "data", "method", "plan")


class Wizard:
    """All that the screens share: `answers` (what the person chose), the facts, and what was typed on the way."""

    def __init__(self, app: Tunewright, answers: dict[str, Any]) -> None:
        """`answers` is sparse and nested as in a run file."""
        self.app = app
        self.answers = answers
        self.drafts: dict[str, str] = {}
        self.wishes: dict[str, str] = {}
        self.complaint = ""
        self.model: ModelFacts | None = None
        self.data: DataFacts | None = None
        self.imagined: Machine | None = None
        self.thought: Thought | None = None
        self.started: Path | None = None
        self.field = "training.epochs"
        """Where the editor opens: on the field where it was left."""

    @property
    def machine(self) -> Machine:
        """The machine that is planned for: this one, or the one in "what if"."""
        machine = self.imagined or self.app.machine
        assert machine is not None, "the conversation waits for the machine before it plans"
        return machine

    @property
    def facts(self) -> Facts:
        """Everything that the guide goes by."""
        return Facts(self.machine, self.model, self.data)

    def answer(self, dotted: str, value: Any) -> None:
        """Write down one answer."""
        self.answers = put(self.answers, dotted, value)

    def forget(self, dotted: str) -> None:
        """Take one answer back, so that the guide chooses again; a section that becomes empty goes with it."""
        self.answers = without(self.answers, dotted.split("."))

    def settle(self, dotted: str, value: Any) -> None:
        """Write down an answer, or take it back where the value is None."""
        if value is None:
            self.forget(dotted)
        else:
            self.answer(dotted, value)

    def settle_draft(self, name: str, typed: str, applied: str) -> None:
        """Keep what is typed, unless it is what holds already."""
        if typed == applied:
            self.drafts.pop(name, None)
        else:
            self.drafts[name] = typed

    def not_applied(self) -> str:
        """Return a sentence about values that were typed in the editor and can't be applied, empty without any."""
        typed = {name.removeprefix("Edit."): text for name, text in self.drafts.items() if name.startswith("Edit.")}
        named = ", ".join(f"{name} ({text})" for name, text in typed.items())
        return f"typed in the editor and not applied: {named}; press e to change that" if typed else ""

    def said(self, dotted: str, otherwise: Any = None) -> Any:
        """Return an answer by its dotted name."""
        node: Any = self.answers
        for name in dotted.split("."):
            if not isinstance(node, dict) or name not in node:
                return otherwise
            node = node[name]
        return node

    def recommend(self, answers: dict[str, Any] | None = None) -> Plan:
        """Return the complete run for the answers, with a reason for every choice."""
        return recommend(self.answers if answers is None else answers, self.facts, Wishes(self.wishes))

    def begin_with(self, values: dict[str, Any]) -> None:
        """Take the values of a preset as answers; the data that is answered already stays, without its roles."""
        kept = {"data": self.answers["data"]} if "data" in self.answers else {}
        if values.get("goal") != self.said("goal"):
            self.wishes = {}
            kept = without(kept, ["data", "columns"])
        self.answers = values | kept
        self.drafts["Model.path"] = str(self.said("model.id", ""))

    def check_gpu(self, text: str) -> str:
        """Return the text when it names a card or its memory; raises a Problem with the nearest names."""
        try:
            self._other(text)
        except Problem:
            named = near_names(text)
            near = f"did you mean {' or '.join(map(repr, named))}" if named else "name one such as T4 or RTX 4090"
            what = f"no GPU is known as '{text.strip()}'"
            raise Problem(what, advice=f"{near}, or give its memory in GiB", code="gpu") from None
        return text

    def imagine(self, text: str) -> None:
        """Plan for the card that is named, or for this machine where nothing is."""
        self.imagined = self._other(text)
        self.app.machine_line = describe(self.machine)

    def _other(self, text: str) -> Machine | None:
        if not text.strip() or self.app.machine is None:
            return None
        try:
            return imagine(self.app.machine, None, float(text))
        except ValueError:
            return imagine(self.app.machine, text.strip(), None)

    async def converse(self, at: str = "goal") -> None:
        """Ask from `at` on (a screen, or "repeat"), until a run is started or the person goes back to Home."""
        await self.app.machine_seen.wait()
        if self.answers:
            at = await self._gather(at)
        shown = False
        while at in STEPS:
            step = self._screen(at)
            await (self.app.switch_screen(step) if shown else self.app.push_screen(step))
            shown = True
            answered = step.answered
            self.app.input.asks(get_current_worker(), lambda answered=answered: not answered.done())  # type: ignore[misc]
            at = self._next(at, await answered)
        self.imagine("")
        await self.app.pop_screen()
        if self.started is not None:
            self.app.open_run(self.started)

    def _next(self, at: str, move: str) -> str:
        if move == "back":
            return STEPS[STEPS.index(at) - 1] if at != STEPS[0] else "home"
        return move

    async def _gather(self, at: str) -> str:
        """Look at the model and the data that are answered already; return where to begin: where there is a problem.

        Of a run that is repeated only those values stay answers that the guide would not choose by itself.
        """
        self.answers = resolve(self.answers, Path.cwd())
        step = "model"
        try:
            if name := self.said("model.id"):
                self.model = await asyncio.to_thread(look_at_model, name, self.said("model.revision", "main"))
            step = "data"
            if self.said("data.train"):
                self.data = await asyncio.to_thread(look_at_data, source_of(self.answers["data"]))
            step = "plan"
            if at == "repeat":
                self.answers = await asyncio.to_thread(sparse, self.answers, self.facts)
        except Problem as problem:
            self.drafts |= {"Model.path": self.said("model.id", ""), "Data.path": written(self.said("data.train", ""))}
            self.complaint = problem.sentence
            return step
        return "plan" if at == "repeat" else at

    def _screen(self, name: str) -> Step:
        """Return a fresh screen: `goal` is `GoalScreen` in `tui/screens/goal.py`, and so on."""
        module = import_module(f"tui.screens.{name}")
        screen: Step = getattr(module, f"{name.capitalize()}Screen")(self)
        return screen


def without(values: dict[str, Any], path: list[str]) -> dict[str, Any]:
    """Return nested values without one entry, and without sections that are empty then."""
    head, *rest = path
    result = dict(values)
    if rest and isinstance(result.get(head), dict):
        result[head] = without(result[head], rest)
        if not result[head]:
            del result[head]
    elif not rest:
        result.pop(head, None)
    return result
