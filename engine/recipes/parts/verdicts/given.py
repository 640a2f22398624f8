"""Rows with a prompt, an answer, and a label that says good or bad."""

from typing import Any

from datasets import Dataset

from engine.recipes.parts.data.left_out import left_out
from engine.recipes.parts.is_answer import is_answer
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.turns.prompt_completion import messages


def is_good(label: Any) -> bool:
    """Return whether a label means good; true, 1, good, yes, chosen and their opposites are understood."""
    word = str(label).strip().lower()
    if word in ("true", "1", "1.0", "+1", "good", "yes", "chosen", "desirable", "positive"):
        return True
    if word in ("false", "0", "0.0", "-1", "bad", "no", "rejected", "undesirable", "negative"):
        return False
    raise ValueError(f"the label {label!r} says neither good nor bad: write true or false")


def judged(row: dict[str, Any]) -> dict[str, Any]:
    """Return the last answer of a row, what was said before it, and the verdict on it."""
    turns = [{"role": turn["role"], "content": turn["content"]} for turn in messages(row)]
    return {"prompt": turns[:-1], "completion": turns[-1:], "label": is_good(row["label"])}


def verdicts(rows: Dataset) -> Dataset:
    """Return `prompt` and `completion` as turns, and `label` as a truth value."""
    every = [judged(row) for row in rows]
    silent = ["" if row["completion"][:1] and is_answer(row["completion"][0]) else "empty_field" for row in every]
    left_out(rows, silent, "verdicts", numbered=False)
    plain = [row for row, reason in zip(every, silent, strict=True) if not reason]
    told = {row["label"] for row in plain}
    if len(told) < 2:
        word = "good" if True in told else "bad"
        raise ValueError(f"every answer is marked {word}: both good and bad ones are needed to learn a difference")
    return Dataset.from_list(plain)


def read_verdicts() -> tuple[Dataset, Dataset]:
    """Return the judged answers to train on and those to test with, both kinds in each."""
    train, test = read_rows("label")
    return verdicts(train), verdicts(test)
