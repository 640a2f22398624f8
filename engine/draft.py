"""A run in the making: what the person chose, what follows from the facts, and a reason for each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from engine.config import RUN_TYPES
from engine.data.facts import DataFacts
from engine.document import put
from engine.gpu import Gpu
from engine.machine import Machine
from engine.model import ModelFacts
from engine.place import card_of, free_gib
from engine.row_texts import reads
from engine.section import Section
from engine.tables import table
from engine.token_lengths import AnyTokens, token_lengths

WHOLE = ("data.columns", "data.chat_roles", "data.label_names", "objective.reward")
"""Fields whose value is a table."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a run is recommended; a model or data that nobody chose yet is None."""

    machine: Machine
    model: ModelFacts | None
    data: DataFacts | None


def why(reason: str, **numbers: Any) -> str:
    """Return a reason from presets/guide.yaml with its numbers filled in."""
    text: str = table("guide")["why"][reason]
    return text.format(**numbers)


class Draft:
    """Nested values that are filled in field by field; what the person answered is never changed."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.values: dict[str, Any] = dict(answers)
        self.reasons = {dotted: why("yours") for dotted, value in leaves(answers) if value not in ("auto", {})}
        self.warnings: list[str] = []
        self.answers = frozenset(self.reasons)

    @property
    def goal(self) -> str:
        """The goal of the run."""
        return str(self.values["goal"])

    @property
    def kind(self) -> str:
        """The method of the run."""
        return str(self.get("method.kind"))

    @property
    def rules(self) -> dict[str, Any]:
        """The part of the guide's table that belongs to the goal."""
        rules: dict[str, Any] = table("guide")["goals"][self.goal]
        return rules

    @property
    def compares_rows(self) -> bool:
        """Whether the rows of a batch are compared with each other, so that a larger batch teaches more."""
        return bool(self.rules.get("compares_rows"))

    @property
    def moves_base(self) -> bool:
        """Whether the method trains weights of the model itself."""
        return bool(table("guide")["methods"][self.kind].get("moves_base"))

    def get(self, dotted: str, default: Any = None) -> Any:
        """Return a value by its dotted name, or `default` where there is none or where it says auto."""
        node: Any = self.values
        for part in dotted.split("."):
            node = node.get(part) if isinstance(node, Mapping) else None
        return default if node is None or node == "auto" else node

    def has(self, dotted: str) -> bool:
        """Say whether runs of this goal have such a field; of a section with several forms everything is believed."""
        section, _, name = dotted.partition(".")
        known = _fields(self.goal).get(section)
        return known is None or name in known

    def put(self, dotted: str, value: Any, reason: str, **numbers: Any) -> None:
        """Set a field that this goal has, with the reason of that name, unless the person or an earlier rule did."""
        if dotted not in self.reasons and self.has(dotted):
            self.replace(dotted, value, reason, **numbers)

    def decide(self, dotted: str, value: Any, sentence: str) -> None:
        """Set a field by one of the guide's rules, with the rule's own sentence, unless the person has set it."""
        if dotted not in self.reasons and self.has(dotted):
            self.values = put(self.values, dotted, value)
            self.reasons[dotted] = sentence

    def replace(self, dotted: str, value: Any, reason: str, **numbers: Any) -> None:
        """Set a field with the reason of that name whatever an earlier rule said, unless the person has set it."""
        if dotted not in self.answers:
            self.values = put(self.values, dotted, value)
            self.reasons[dotted] = why(reason, **numbers)

    def warn(self, warning: str, **numbers: Any) -> None:
        """Add a warning of that name from presets/guide.yaml."""
        self.warnings.append(table("guide")["warnings"][warning].format(**numbers))

    def on_cpu(self, facts: Facts) -> bool:
        """Say whether the run computes on the CPU."""
        device: str = self.get("launch.device", "cuda" if facts.machine.gpus else "cpu")
        return device == "cpu"

    def card(self, facts: Facts) -> Gpu | None:
        """Return the card that the run will take, or None for a CPU."""
        return None if self.on_cpu(facts) else card_of(self.get("launch.devices", ()), facts.machine)

    def tokens(self, model: ModelFacts | None, data: DataFacts) -> AnyTokens:
        """Return how long the texts are that the model reads one by one: whole rows, or each text of a row."""
        return token_lengths(reads(self.get), model, data)

    def free_gib(self, facts: Facts) -> float | None:
        """Return the memory that the run may take, None where the card does not say."""
        device = "cpu" if self.on_cpu(facts) else "cuda"
        return free_gib(device, self.get("launch.devices", ()), facts.machine)


@cache
def _fields(goal: str) -> dict[str, frozenset[str]]:
    """Return the fields of every section of a goal's run that has one form only."""
    sections = RUN_TYPES[goal].model_fields.items()
    forms = {name: info.annotation for name, info in sections if isinstance(info.annotation, type)}
    return {name: frozenset(form.model_fields) for name, form in forms.items() if issubclass(form, Section)}


def leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted names and values of nested values; a table of columns and a reward are one value each."""
    for name, value in values.items():
        dotted = f"{prefix}{name}"
        if isinstance(value, Mapping) and dotted not in WHOLE:
            yield from leaves(value, f"{dotted}.")
        else:
            yield dotted, value
