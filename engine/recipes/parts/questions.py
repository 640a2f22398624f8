"""Prompts that are to be answered, with every other column of the rows beside them for the reward."""

from dataclasses import dataclass
from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.arguments import ACCUMULATE
from engine.recipes.parts.cleaning.none import clean
from engine.recipes.parts.conversation import render, set_template
from engine.recipes.parts.data.few_rows import few
from engine.recipes.parts.data.left_out import left_out
from engine.recipes.parts.data.split.filled import split
from engine.recipes.parts.reading import BATCH, MAX_LENGTH
from engine.recipes.parts.samples import MAX_NEW_TOKENS
from engine.recipes.parts.taken.plain import source_rows

TRAIN: str = "prompts.jsonl"  # a file, a folder of files, or a hub id
TEST: str = ""  # a file of test rows; empty: a share of the training rows is held out
GROUP: str = ""  # a column whose equal values stay together: one document is never in both train and test
COLUMNS: dict[str, str] = {}  # which column plays which role; the others go to the reward under their own names


@dataclass(frozen=True)
class Question:
    """A prompt as turns, as text (its last turn) and as tokens, and the other columns of its row."""

    turns: list[dict[str, Any]]
    text: str
    tokens: list[int]
    columns: dict[str, Any]


def turns_of(prompt: Any) -> list[dict[str, Any]]:
    """Return the prompt as a conversation that waits for an answer; an answer at its end is left out."""
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    turns = [{name: value for name, value in turn.items() if value is not None} for turn in prompt]
    return turns[:-1] if turns and turns[-1]["role"] == "assistant" else turns


def question(row: dict[str, Any], tokenizer: PreTrainedTokenizerBase) -> Question:
    """Return the question that a row asks."""
    others = {name: value for name, value in row.items() if name not in COLUMNS.values()}
    named = {**others, **{role: row[name] for role, name in COLUMNS.items()}}
    turns = turns_of(named.pop("prompt"))
    columns = {name: value for name, value in named.items() if name not in ("prompts", "completions")}
    return Question(turns, str(turns[-1]["content"]), render(turns, None, tokenizer, ask=True), columns)


def questions(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> list[Question]:
    """Return the questions that leave room for an answer; a prompt that were cut would be another question."""
    missing = [name for name in COLUMNS.values() if name not in rows.column_names]
    if missing or "prompt" not in COLUMNS:
        what = f"there is no column '{missing[0]}' in the rows" if missing else "no column is the prompt"
        raise ValueError(f"{what} (they have {', '.join(rows.column_names)}): correct data.columns")
    asked = [question(row, tokenizer) if turns_of(row[COLUMNS["prompt"]] or []) else None for row in rows]
    reasons, drop_too_long = [], []
    for one in asked:
        empty = one is None or not one.text.strip()
        if one is not None and not empty and len(one.tokens) + MAX_NEW_TOKENS <= MAX_LENGTH:
            drop_too_long.append(one)
            reasons.append("")
        else:
            reasons.append("empty_field" if empty else "too_long")
    left_out(rows, reasons, TRAIN, numbered=False)
    if not drop_too_long:
        raise ValueError(
            f"no prompt leaves room for an answer of {MAX_NEW_TOKENS} tokens: raise training.max_length ({MAX_LENGTH})"
        )
    return drop_too_long


def read_questions(tokenizer: PreTrainedTokenizerBase) -> tuple[list[Question], list[Question]]:
    """Return the questions of the training and of the test."""
    set_template(tokenizer)
    tests = few(source_rows(TEST)) if TEST else None
    rows = clean(few(source_rows(TRAIN), max(64, 2 * BATCH * ACCUMULATE)), COLUMNS, TRAIN, tests)
    train, test = split(rows, GROUP) if tests is None else (rows, tests)
    return questions(train, tokenizer), questions(test, tokenizer)
