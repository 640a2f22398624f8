"""Pairs out of rows with one good answer: it is preferred to the untuned model's own (as in SPIN, arXiv:2401.01335)."""

from typing import Any

from datasets import Dataset

from engine.recipes.parts.conversation import set_template
from engine.recipes.parts.is_answer import is_answer
from engine.recipes.parts.pairing import preferences
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.sampling import own_answers
from engine.recipes.parts.tokenizer import load_tokenizer
from engine.recipes.parts.turns.prompt_completion import messages


def asked(row: dict[str, Any]) -> list[dict[str, str]]:
    """Return the conversation up to the last answer, and with it."""
    turns = [{"role": turn["role"], "content": turn["content"] or ""} for turn in messages(row)]
    last = max(place for place, turn in enumerate(turns) if is_answer(turn))
    return turns[: last + 1]


def pairs_of(row: dict[str, Any]) -> list[list[Any]]:
    """Return the row's answer as the better one."""
    turns = asked(row)
    return [[turns[:-1], turns[-1:], [{"role": "assistant", "content": row["own"]}]]]


def read_pairs() -> tuple[Dataset, Dataset]:
    """Return the pairs to train on and those to test with; the model's answers are written once and kept."""
    tokenizer = load_tokenizer()
    set_template(tokenizer)
    train, test = read_rows()
    own = own_answers([asked(row)[:-1] for rows in (train, test) for row in rows], 1, tokenizer)
    texts = [answers[0] for answers in own]
    train, test = train.add_column("own", texts[: len(train)]), test.add_column("own", texts[len(train) :])
    return preferences(train, pairs_of), preferences(test, pairs_of)
