"""Rows of one question and its answer as tokens: the answer is learned."""

from typing import Any

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.chat.mask_prompt import build_example
from engine.recipes.parts.chat.too_long.truncate import drop_too_long
from engine.recipes.parts.conversation import render, set_template
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.turns.instruction import messages

LOSS_ON: str = "answer"  # learn the answer only, or all of the text


def tokenize(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
    """Return `input_ids` and `labels`; the chat template writes prompt, answer and the end of the turn."""
    set_template(tokenizer)

    def example(row: dict[str, Any]) -> dict[str, Any]:
        turns = messages(row)
        asked, whole = render(turns[:1], None, tokenizer, ask=True), render(turns, None, tokenizer, ask=False)
        found = build_example(asked, whole, tokenizer.eos_token_id)
        if LOSS_ON == "all":
            found["labels"] = found["input_ids"]
        return found

    made = rows.map(example, remove_columns=rows.column_names, desc="tokenising")
    return drop_too_long(made, rows).remove_columns("truncated")


def prompts(rows: Dataset, tokenizer: PreTrainedTokenizerBase, count: int) -> list[tuple[str, list[int]]]:
    """Return the first prompts as text and as tokens, ready for an answer."""
    asked = [messages(row)[:1] for row in rows.select(range(min(count, len(rows))))]
    return [(turns[0]["content"], render(turns, None, tokenizer, ask=True)[-MAX_LENGTH:]) for turns in asked]
