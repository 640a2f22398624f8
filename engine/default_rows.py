"""From a look to field values: how files are read, which column plays which role, what is kept for the test."""

from collections.abc import Mapping
from typing import Any

from engine.data.convert import WORDS
from engine.data.facts import DataFacts, Suit
from engine.data.uses import OPTIONAL
from engine.draft import Draft, Facts

MOST_TEST_ROWS = 2000
DRAWN = 10
"""Test rows to be expected from which on they are drawn by content alone."""
USUAL_READING = {
    "reader": "library",
    "encoding": "utf-8",
    "layout": "rows",
    "delimiter": ",",
    "quoted": True,
    "header": True,
    "convert": "none",
    "chat_roles": {},
}
"""How files are read that need nothing special."""


def fill_rows(draft: Draft, facts: Facts) -> None:
    """Fill in what is read, in which way, and what of it is tested on."""
    data = facts.data
    draft.put("data.train", data.path if data else "rows.jsonl", "train" if data else "no_data")
    tasks = not isinstance(draft.get("data.train"), str)
    suit = next((suit for suit in data.suits if suit.goal == draft.goal), None) if data else None
    if data is not None and suit is not None and not tasks:
        said, turned = draft.get("data.columns", {}), draft.get("data.convert", "")
        known = {column.name for column in data.columns}
        if turned and turned != suit.convert:
            _plain_reading(draft, data, next((each.reading for each in data.suits if each.convert == turned), None))
        elif not (said and set(said.values()) <= known - set(suit.columns.values())):
            _reading(draft, suit)
        else:
            _plain_reading(draft, data)
        draft.put("data.columns", dict(suit.columns), "columns", why=suit.why)
    elif data is not None and not tasks:
        _plain_reading(draft, data)
    if "broken_row" in draft.get("data.drop", ()) and draft.get("data.reader", "library") == "library":
        draft.put("data.reader", "lines", "reading_flawed")
    for name, value in USUAL_READING.items():
        draft.put(f"data.{name}", value, "reading_usual")
    if draft.goal in ("classify", "embed"):
        _labels(draft, data)
    draft.put("data.columns", {}, "no_columns")
    _splits(draft, None if tasks else data)
    if draft.get("data.test"):
        draft.put("data.test_fraction", 0.0, "test_fraction_given")
    if data is not None:
        share = 0.2 if data.rows < 500 else min(0.1, round(MOST_TEST_ROWS / data.rows, 4))
        numbers = {"test": f"{round(share * data.rows):,}", "rows": f"{data.rows:,}"}
        draft.put("data.test_fraction", share, "test_fraction", **numbers)
        if data.groups and not tasks:
            draft.put("data.group", data.groups[0], "group", group=data.groups[0])
    draft.put("data.test_fraction", 0.1, "test_fraction_unknown")
    draft.put("data.group", "", "no_group")
    draft.put("data.drop", (), "no_drop")
    _plainly(draft, None if tasks else data)


def _plainly(draft: Draft, data: DataFacts | None) -> None:
    """Fill in what a look at all rows makes plain: whether any is empty, and whether they are enough to be drawn."""
    columns: dict[str, str] = draft.get("data.columns", {})
    suits = data.suits if data is not None and data.counted is None else ()
    seen = bool(suits) and suits[0].convert == draft.get("data.convert") and not draft.get("data.test")
    needed = {name for role, name in columns.items() if role not in OPTIONAL}
    whole = seen and data is not None and bool(needed) and needed <= set(data.filled)
    plain = whole and not draft.get("data.drop") and not draft.get("data.no_label", ())
    draft.put("data.empty_rows", *(("refuse", "rows_filled") if plain else ("drop", "rows_maybe_empty")))
    held_out = data.distinct * float(draft.get("data.test_fraction")) if seen and data is not None else 0
    drawn = held_out >= DRAWN and not draft.get("data.group") and "label" not in columns
    draft.put("data.split", *(("content", "split_content") if drawn else ("filled", "split_filled")))


def _labels(draft: Draft, data: DataFacts | None) -> None:
    """Fill in what labels and scores mean, and which of them mean none."""
    marks = data.no_label if data is not None else ()
    draft.put("data.no_label", marks, "no_label" if marks else "labels_all", marks=", ".join(marks))
    draft.put("data.label_names", {}, "labels_as_they_are")
    draft.put("data.score_range", (), "scores_as_they_are")


def _splits(draft: Draft, data: DataFacts | None) -> None:
    """Fill in which files are learned from and which are the test; a share that was asked for needs no test file."""
    if data is not None and data.part:
        draft.put("data.files", data.part, "split_train")
        if "data.test_fraction" not in draft.answers:
            draft.put("data.test", data.test, "split_test")
    draft.put("data.files", "", "all_files")
    draft.put("data.test", "", "test")


def _plain_reading(draft: Draft, data: DataFacts, reading: Mapping[str, Any] | None = None) -> None:
    for name, value in (data.reading if reading is None else reading).items():
        draft.put(f"data.{name}", value, "reading")


def _reading(draft: Draft, suit: Suit) -> None:
    """Fill in how the files are read, and what becomes of the rows before their columns get roles."""
    for name, value in suit.reading.items():
        draft.put(f"data.{name}", value, "reading")
    if suit.convert != "none":
        draft.put("data.convert", suit.convert, "convert", does=WORDS[suit.convert])
