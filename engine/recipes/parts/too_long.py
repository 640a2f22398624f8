"""What becomes of examples that are longer than the longest text."""

from datasets import Dataset

from engine.recipes.parts.dropped import set_aside
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.truncated import Truncated

TOO_LONG: str = "truncate"  # an example that is too long: truncate it, or drop it


def without_too_long(examples: Dataset, rows: Dataset) -> Dataset:
    """Return the tokenised examples of `rows`, counted, without those that are too long where the run drops them.

    Their column `truncated` says what was cut (0: nothing), their column `row` which row each is made of.
    """
    cut, made_of = list(examples["truncated"]), list(examples["row"])
    plain = examples.remove_columns(["truncated", "row"])
    gone = [place for place, what in enumerate(cut) if what]
    Truncated.counts.update(
        examples=len(cut),
        too_long=len(gone),
        prompts=sum(what in (1, 3) for what in cut),
        answers=sum(w > 1 for w in cut),
    )
    if TOO_LONG != "drop" or not gone:
        return plain
    if len(gone) == len(cut):
        raise ValueError(f"all {len(cut)} examples are longer than {MAX_LENGTH} tokens: raise training.max_length")
    Truncated.counts["left_out"] += len(gone)
    for number in dict.fromkeys(made_of[place] for place in gone):
        set_aside("too_long", "rows", None, rows[number])
    return plain.select([place for place, what in enumerate(cut) if not what])
