"""The test rows stay the test rows when rows are added, moved or repeated; documents stay whole."""

import random
from types import ModuleType

import pytest
from datasets import Dataset

from engine.recipes.parts.data import row_place
from engine.recipes.parts.data.split import content
from engine.recipes.parts.data.split import filled as part
from tests import tiny


@pytest.fixture
def split(monkeypatch) -> ModuleType:
    monkeypatch.setattr(part, "TEST_FRACTION", 0.2)
    return part


def test_rows_that_are_added_or_moved_move_no_other_row_between_training_and_test(split) -> None:
    rows, more = tiny.pairs(300), [{**row, "question": f"another {row['question']}"} for row in tiny.pairs(500)]
    mixed = [*more, *rows]
    random.Random(1).shuffle(mixed)
    train, test = split.split(Dataset.from_list(rows))
    later_train, later_test = split.split(Dataset.from_list(mixed))
    asked, later = set(test["question"]), set(later_test["question"])
    assert asked < later
    assert not later & set(train["question"])
    assert len(later_train) + len(later_test) == 800
    assert 0.15 < len(later_test) / 800 < 0.25


def test_equal_rows_are_never_on_both_sides(split) -> None:
    train, test = split.split(Dataset.from_list(tiny.talks(100) * 3))
    assert not set(train["prompt"]) & set(test["prompt"])
    assert len(test) % 3 == 0


def test_documents_stay_whole_and_on_their_side_when_others_come(split) -> None:
    few, many = (split.split(Dataset.from_list(tiny.pairs(count)), group="document") for count in (2000, 5000))
    for train, test in (few, many):
        assert not set(train["document"]) & set(test["document"])
    assert set(few[1]["document"]) <= set(many[1]["document"])
    assert not set(few[0]["document"]) & set(many[1]["document"])


def test_another_seed_draws_other_rows(split, monkeypatch) -> None:
    rows = Dataset.from_list(tiny.talks(200))
    first = split.split(rows)[1]["prompt"]
    monkeypatch.setattr(row_place, "SEED", 43)
    assert 0 < len(set(first) & set(split.split(rows)[1]["prompt"])) < len(first)


def test_every_class_with_two_rows_is_learned_and_tested(split) -> None:
    rows = Dataset.from_list([{"text": f"text {n}", "label": n % 40} for n in range(90)])
    train, test = split.split(rows, kind="label")
    assert len(test) == 40
    assert set(train["label"]) == set(test["label"]) == set(range(40))
    train, test = split.split(Dataset.from_list([{"text": "one"}, {"text": "two"}]))
    assert (len(train), len(test)) == (1, 1)


@pytest.mark.parametrize(
    "rows", [tiny.pairs(300), tiny.talks(100) * 3, [{"n": n, "t": [{"a": None}]} for n in range(90)]]
)
def test_many_rows_are_drawn_as_the_filled_test_draws_them(split, rows, monkeypatch) -> None:
    monkeypatch.setattr(content, "TEST_FRACTION", 0.2)
    drawn, filled = (part.split(Dataset.from_list(rows)) for part in (content, split))
    assert [half.to_list() for half in drawn] == [half.to_list() for half in filled]
    assert len(drawn[1]) > 5
