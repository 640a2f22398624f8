"""The rows: read, reduced to the columns that matter, and split into training and test."""

from datasets import Dataset

from engine.recipes.parts.cleaning.none import clean
from engine.recipes.parts.data.few_rows import few
from engine.recipes.parts.data.split.filled import split
from engine.recipes.parts.halves import check_halves
from engine.recipes.parts.roles import roles
from engine.recipes.parts.source import COLUMNS, GROUP, TEST, TRAIN
from engine.recipes.parts.taken.plain import source_rows


def read_rows(role: str = "") -> tuple[Dataset, Dataset]:
    """Return training and test rows, with the columns that are used under the names of their roles."""
    kind = COLUMNS[role] if role else ""
    tests = few(source_rows(TEST)) if TEST else None
    rows = clean(few(source_rows(TRAIN)), COLUMNS, TRAIN, tests)
    train, test = split(rows, GROUP, kind) if tests is None else (rows, tests)
    train, test = roles(train, COLUMNS, TRAIN), roles(test, COLUMNS, TEST or TRAIN)
    check_halves(train, test, TRAIN, kind)
    return train, test
