"""Texts to read on in: a file of prose or code is one text, a row of a table as well."""

from datasets import Dataset

from engine.recipes.parts.cleaning.none import clean
from engine.recipes.parts.data.few_rows import few
from engine.recipes.parts.data.row_place import TEST_FRACTION
from engine.recipes.parts.data.split.filled import split
from engine.recipes.parts.data.texts_in.general import texts_in
from engine.recipes.parts.roles import roles
from engine.recipes.parts.source import COLUMNS, GROUP, TEST, TRAIN


def ends(texts: list[str]) -> tuple[Dataset, Dataset]:
    """Return the beginning of every text and its end, parted where a line ends, else between two words."""
    begun, ended = [], []
    for text in texts:
        limit = int(len(text) * (1 - max(TEST_FRACTION, 0.01)))
        place = max(text.rfind("\n", 0, limit), text.rfind(" ", 0, limit) if "\n" not in text[:limit] else -1) + 1
        begun.append(text[:place])
        ended.append(text[place:])
    return Dataset.from_dict({"text": begun}), Dataset.from_dict({"text": ended})


def read_texts() -> tuple[Dataset, Dataset]:
    """Return the texts to learn from and those of the test; texts too few to spare one give their ends to the test."""
    tests = few(texts_in(TEST)) if TEST else None
    texts = clean(few(texts_in(TRAIN)), COLUMNS, TRAIN, tests)
    if tests is not None:
        train, test = roles(texts, COLUMNS), roles(tests, COLUMNS, TEST)
    elif GROUP or TEST_FRACTION * len(texts) >= 1:
        train, test = (roles(half, COLUMNS) for half in split(texts, GROUP))
    else:
        train, test = (half.filter(lambda row: row["text"].strip()) for half in ends(roles(texts, COLUMNS)["text"]))
    if not len(train) or not len(test):
        raise ValueError(f"{TRAIN} holds too little text to learn from and to test on: give more, or a file of tests")
    return train, test
