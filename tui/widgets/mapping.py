"""Which column plays which role, and which rows are kept for the test: the answers about a data set beside its path."""

from dataclasses import dataclass
from typing import Any, Protocol

from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Select, Static

from engine.config import RUN_TYPES
from engine.data import DataFacts
from engine.data.convert import WORDS as CHANGES
from engine.data.roles import RowShape, shapes
from engine.problem import Problem
from tui.widgets.entry import Entry, PlainEntry
from tui.widgets.trouble import Trouble
from tui.widgets.value import read, written
from tui.words import literal

MOST_ROLES = 3
INFO = RUN_TYPES["sft"].model_fields["data"].annotation.model_fields  # type: ignore[union-attr]


class Said(Protocol):
    """Whoever knows what was answered before."""

    def said(self, dotted: str, otherwise: Any = None) -> Any:
        """Return an answer by its dotted name."""


class Mapping(Vertical):
    """Selects for the roles of the goal, a field for the test share, and a select for what stays together."""

    DEFAULT_CSS = """
    Mapping { height: auto; }
    Mapping Horizontal { height: 1; }
    Mapping Select { width: 44; height: 1; }
    Mapping Entry { width: 12; }
    Mapping .label { width: 20; color: $text-muted; }
    """
    HELP = (
        "Say which column plays which role. Rows that are kept for the test are never trained on; where several rows "
        "come from one document, name the column that says which, so that it is never on both sides."
    )

    @dataclass
    class Changed(Message):
        """Another column plays a role, or another one keeps rows together (None: the guide chooses)."""

        columns: dict[str, str]
        group: str | None
        convert: str | None

    shape = getters.query_one("#shape", Select)
    share = getters.query_one("#share", Entry)
    group = getters.query_one("#group", Select)
    change = getters.query_one("#convert", Select)

    def compose(self) -> ComposeResult:
        """Yield the rows; which roles they stand for follows from goal and shape."""
        with Horizontal():
            yield Static("each row holds", classes="label")
            yield Select[RowShape]([], id="shape", compact=True, prompt="choose")
        with Horizontal(id="converting"):
            yield Static("turned into", classes="label")
            yield Select([(Text(CHANGES["none"]), "none")], id="convert", compact=True, allow_blank=False)
        for number in range(MOST_ROLES):
            with Horizontal(id=f"row{number}"):
                yield Static("", classes="label")
                yield Select[str]([], id=f"role{number}", compact=True, prompt="choose a column")
        with Horizontal():
            yield Static("for the test", classes="label")
            yield PlainEntry("", help=INFO["test_fraction"].description or "", id="share")
            yield Static(" of the rows", classes="label")
        yield Trouble()
        with Horizontal():
            yield Static("keep together", classes="label")
            yield Select[str]([], id="group", compact=True, prompt="as the guide sees fit")

    def offer(self, goal: str, facts: DataFacts, before: Said, typed: str = "") -> None:
        """Offer the columns of a data set, standing on what was answered or `typed` before, else on what suits."""
        self.goal, self.facts = goal, facts
        suit = next((suit for suit in facts.suits if suit.goal == goal), None)
        self.suggested = suit.convert if suit else "none"
        turned = before.said("data.convert") or self.suggested
        self.suit = dict(suit.columns) if suit else {}
        self.known = before.said("data.columns") or self.suit
        self.wrong = {role: name for role, name in self.known.items() if role.startswith("negative_")}
        self.several = RowShape(
            ("anchor", "positive"), frozenset(), f"a text, its match, and {len(self.wrong)} wrong ones"
        )
        offered = (*([self.several] if self.wrong else []), *shapes(goal))
        with self.prevent(Select.Changed):
            self.shape.set_options([(Text(shape.words), shape) for shape in offered])
            plain = {role: name for role, name in self.known.items() if role not in self.wrong}
            self.shape.value = max(offered, key=lambda shape: _likeness(shape, plain))
            self.change.set_options([(Text(CHANGES[name]), name) for name in ("none", *facts.converted)])
            self.change.value = turned if turned in facts.converted else "none"
            self.query_one("#converting").display = bool(facts.converted)
            names = self.names
            alone = (Text("nothing: every row by itself"), "")
            self.group.set_options([alone, *((Text(literal(name, 40)), name) for name in names)])
            group = before.said("data.group")
            self.group.value = group if group in ("", *names) else Select.NULL
        usual = INFO["test_fraction"]
        self.share.value = typed or written(before.said("data.test_fraction", usual.default), usual)
        self._show_roles()

    def _show_roles(self) -> None:
        names = self.names
        options = [(Text(literal(name, 40)), name) for name in names]
        roles = self.roles
        for number in range(MOST_ROLES):
            row = self.query_one(f"#row{number}", Horizontal)
            row.display = number < len(roles)
            if row.display:
                role = roles[number]
                row.query_one(Static).update(Content(f"  {role}{' (if any)' if role in self.optional else ''}"))
                select = row.query_one(Select)
                with self.prevent(Select.Changed):
                    select.set_options(options)
                    select.value = self.known[role] if self.known.get(role) in names else Select.NULL

    @property
    def convert(self) -> str:
        """What becomes of the rows before their columns get roles."""
        return self.change.value if isinstance(self.change.value, str) else "none"

    @property
    def names(self) -> list[str]:
        """The columns of the rows, as they are or after the conversion."""
        rows = self.facts.converted.get(self.convert, ())
        return list(dict.fromkeys(name for row in rows for name in row)) or [each.name for each in self.facts.columns]

    def keep_together(self, group: str) -> None:
        """Choose the column whose equal values stay together, empty for none."""
        with self.prevent(Select.Changed):
            self.group.value = group

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of the chosen shape."""
        return self.shape.value.roles if isinstance(self.shape.value, RowShape) else ()

    @property
    def optional(self) -> frozenset[str]:
        """The roles of the chosen shape that may be missing."""
        return self.shape.value.optional if isinstance(self.shape.value, RowShape) else frozenset()

    def columns(self) -> dict[str, str]:
        """Return role and column as they are chosen now."""
        chosen = {role: self.query_one(f"#role{number}", Select).value for number, role in enumerate(self.roles)}
        named = {role: column for role, column in chosen.items() if isinstance(column, str)}
        return named | (self.wrong if self.wrong and self.shape.value == self.several else {})

    def together(self) -> str | None:
        """Return the column whose equal values stay together, empty for none, None where the guide chooses."""
        return self.group.value if isinstance(self.group.value, str) else None

    @on(Select.Changed)
    def _select_changed(self, event: Select.Changed) -> None:
        event.stop()
        if not hasattr(self, "facts"):
            return  # nothing is offered yet
        self.query_one(Trouble).say()
        if event.select in (self.shape, self.change):
            if event.select is self.change and self.convert == self.suggested:
                self.known = self.suit
            self._show_roles()
        other = None if self.convert == self.suggested else self.convert
        self.post_message(self.Changed(self.columns(), self.together(), other))

    def answers(self) -> dict[str, Any] | None:
        """Return the answers by dotted name, or None after saying what is missing and going there.

        What stands on its default is None: no answer of the person's, so that the guide may choose.
        """
        columns = self.columns()
        for number, role in enumerate(self.roles):
            if role not in columns and role not in self.optional:
                return self.refuse(f"which column is the {role}?", self.query_one(f"#role{number}", Select))
        twice = [column for column in columns.values() if list(columns.values()).count(column) > 1]
        if twice:
            where = self.query_one(f"#role{list(columns.values()).index(twice[0])}", Select)
            return self.refuse(f"'{twice[0]}' can't play two roles", where)
        try:
            share = read(self.share.value, INFO["test_fraction"], "the share for the test")
        except Problem as problem:
            return self.refuse(problem.sentence, self.share)
        usual = share == INFO["test_fraction"].default
        return {"data.columns": columns, "data.test_fraction": None if usual else share, "data.group": self.together()}

    def refuse(self, sentence: str, where: Widget) -> dict[str, Any] | None:
        """Say what is missing, go there, and return that there are no answers."""
        self.query_one(Trouble).say(sentence)
        where.focus()
        return None


def _likeness(shape: RowShape, columns: dict[str, str]) -> tuple[bool, int]:
    """Return how well a shape goes with roles that are known: whole and nothing beside it, then by roles in common."""
    return shape.needed <= set(columns) <= set(shape.roles), len(set(shape.roles) & set(columns))
