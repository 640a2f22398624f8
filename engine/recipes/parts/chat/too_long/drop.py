"""What is longer than the longest text is left out."""

from datasets import Dataset

from engine.recipes.parts.dropped import set_aside
from engine.recipes.parts.reading import MAX_LENGTH


def drop_too_long(examples: Dataset, rows: Dataset) -> Dataset:
    """Return the tokenised examples that nothing was cut of; the rows of the others are written to dropped.jsonl."""
    cut = list(examples["truncated"])
    made_of = list(examples["row"]) if "row" in examples.column_names else range(len(cut))
    if cut and all(cut):
        raise ValueError(f"all {len(cut)} examples are longer than {MAX_LENGTH} tokens: raise training.max_length")
    for number in dict.fromkeys(row for row, what in zip(made_of, cut, strict=True) if what):
        set_aside("too_long", "rows", None, rows[number])
    return examples.select([place for place, what in enumerate(cut) if not what])
