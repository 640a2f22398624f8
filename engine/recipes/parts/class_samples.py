"""A few texts with the classes that were said of them before and after."""

from itertools import zip_longest
from typing import Any

from datasets import Dataset

SAMPLES: int = 3  # how many test texts are shown with their classes before and after the training


def class_samples(rows: Dataset, before: list[int], after: list[int] | None, names: list[str]) -> list[dict[str, Any]]:
    """Return the first texts that became right, stayed wrong, became wrong and stayed right, in turn."""
    kinds: dict[tuple[bool, bool], list[dict[str, Any]]] = {
        kind: [] for kind in ((False, True), (False, False), (True, False), (True, True))
    }
    for row, base, tuned in zip(rows, before, after or before, strict=True):
        found = kinds[base == row["label"], tuned == row["label"]]
        if len(found) < SAMPLES:
            prompt = " / ".join(row[role] for role in ("text", "text_pair") if role in row)
            said = [judged(one, row["label"], names) for one in (base, tuned)]
            found.append({"prompt": prompt, "base": said[0], "tuned": None if after is None else said[1]})
    return [sample for turn in zip_longest(*kinds.values()) for sample in turn if sample][:SAMPLES]


def judged(said: int, true: int, names: list[str]) -> str:
    """Return the class that was said, and whether it is right."""
    return f"{names[said]} (right)" if said == true else f"{names[said]} (wrong: {names[true]})"
