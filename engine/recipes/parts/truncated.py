"""How many examples are longer than the longest text: counted while they become tokens, then told."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from transformers import TrainerCallback

from engine.recipes.parts.output import output
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.warnings import warn


class Truncated:
    """Counts of all examples, of those that lose a part of their prompt or of their answer, and of those left out."""

    counts: ClassVar[Counter[str]] = Counter()


def tell_truncated(callbacks: Sequence[TrainerCallback]) -> None:
    """Warn about the examples that are too long, and keep the counts for the results."""
    counts = {name: Truncated.counts[name] for name in ("examples", "too_long", "prompts", "answers", "left_out")}
    output().mkdir(parents=True, exist_ok=True)
    (output() / "truncated.json").write_text(json.dumps(counts | {"max_length": MAX_LENGTH}))
    if not counts["too_long"]:
        return
    if counts["left_out"]:
        lost = "and are left out: dropped.jsonl holds their rows"
    else:
        lost = f"{counts['prompts']} lose the beginning of the prompt, {counts['answers']} the end of the text"
    many = f"{counts['too_long']} of {counts['examples']} examples are longer than {MAX_LENGTH} tokens"
    warn("truncated", f"{many}: {lost}", "raise training.max_length to keep them whole", callbacks)
