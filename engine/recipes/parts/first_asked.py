"""Which prompts of pairs or judged answers are answered before and after the training."""

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.conversation import render
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.samples import SAMPLES


def first_asked(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> list[tuple[str, list[int]]]:
    """Return the first prompts as text and as tokens, to be answered before and after."""
    asked = [row["prompt"] for row in rows.select(range(min(SAMPLES, len(rows))))]
    return [(str(turns[-1]["content"]), render(turns, None, tokenizer, ask=True)[-MAX_LENGTH:]) for turns in asked]
