"""Conversations as tokens: every answer is learned once, after all that came before it."""

from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.chat.mask_prompt import build_example
from engine.recipes.parts.chat.too_long.truncate import drop_too_long
from engine.recipes.parts.chat.tools.none import tools_of
from engine.recipes.parts.conversation import render, set_template
from engine.recipes.parts.is_answer import is_answer
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.thinking.as_is import thoughtful
from engine.recipes.parts.turns.prompt_completion import messages

LOSS_ON: str = "answer"  # learn the answer only, or all of the text


def tokenize(rows: Dataset, tokenizer: PreTrainedTokenizerBase, last: bool = False) -> Dataset:
    """Return `input_ids` and `labels`, one row for each answer of the assistant that says something, or its last."""
    set_template(tokenizer)

    def examples(batch: dict[str, list[Any]], numbers: list[int]) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {"input_ids": [], "labels": [], "truncated": [], "row": []}
        for number, *values in zip(numbers, *batch.values(), strict=True):
            row = dict(zip(batch, values, strict=True))
            turns = thoughtful(messages(row), tokenizer)
            answers = [place for place, turn in enumerate(turns) if is_answer(turn)]
            for place in answers[-1:] if last else answers:
                asked = render(turns[:place], tools_of(row), tokenizer, ask=True)
                whole = render(turns[: place + 1], tools_of(row), tokenizer, ask=False)
                example = build_example(asked, whole, tokenizer.eos_token_id)
                if LOSS_ON == "all":
                    example["labels"] = example["input_ids"]
                for name, value in {**example, "row": number}.items():
                    found[name].append(value)
        return found

    made = rows.map(examples, batched=True, with_indices=True, remove_columns=rows.column_names, desc="tokenising")
    return drop_too_long(made, rows).remove_columns(["truncated", "row"])


def prompts(rows: Dataset, tokenizer: PreTrainedTokenizerBase, count: int) -> list[tuple[str, list[int]]]:
    """Return the first prompts as text and as tokens, ready for an answer."""
    asked = []
    for row in rows.select(range(min(count, len(rows)))):
        turns = thoughtful(messages(row), tokenizer)
        last = max((place for place, turn in enumerate(turns) if is_answer(turn)), default=0)
        if last:  # else nothing but thinking text, which is left out
            tokens = render(turns[:last], tools_of(row), tokenizer, ask=True)
            asked.append((str(turns[last - 1]["content"]), tokens[-MAX_LENGTH:]))
    return asked
