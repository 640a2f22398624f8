"""Which examples are longer than the longest text: counted while the script makes tokens of its rows, then told."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from datasets import Dataset
from transformers import TrainerCallback


def drops(module: ModuleType) -> bool:
    """Return whether a script leaves out what is too long; one that cuts it has no function for that."""
    return hasattr(module, "drop_too_long")


class Truncated(TrainerCallback):
    """Counts of all examples, of those that lose a part of their prompt or of their answer, and of those left out."""

    def __init__(self, module: ModuleType, warn: Callable[[str, str, str], None]) -> None:
        """Count what this script makes."""
        self.module, self.warn = module, warn
        self.counts: Counter[str] = Counter()
        self.told = False

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Look at the column `truncated` of what the script makes tokens of: 1 the prompt is cut, 2 the answer."""
        mapped = Dataset.map

        def counted(rows: Any, *given: Any, **named: Any) -> Any:
            found = mapped(rows, *given, **named)
            if named.get("desc") == "tokenising" and "truncated" in found.column_names:
                cut = list(found["truncated"])
                self.counts.update(examples=len(cut), too_long=sum(map(bool, cut)))
                self.counts.update(prompts=sum(what in (1, 3) for what in cut), answers=sum(what > 1 for what in cut))
            return found

        Dataset.map = counted  # type: ignore[method-assign]
        try:
            yield
        finally:
            Dataset.map = mapped  # type: ignore[method-assign]

    def results(self) -> dict[str, int] | None:
        """Return the counts, None where nothing could be too long."""
        if not self.counts:
            return None
        named = {name: self.counts[name] for name in ("examples", "too_long", "prompts", "answers")}
        left_out = named["too_long"] if drops(self.module) else 0
        return {**named, "left_out": left_out, "max_length": int(vars(self.module)["MAX_LENGTH"])}

    def on_phase(self, name: str) -> None:
        """Warn about the examples that are too long, once the model is loaded next."""
        counts = self.results()
        if name != "model" or self.told or not counts or not counts["too_long"]:
            return
        self.told = True
        if counts["left_out"]:
            lost = "and are left out: dropped.jsonl holds their rows"
        else:
            lost = f"{counts['prompts']} lose the beginning of the prompt, {counts['answers']} the end of the text"
        many = f"{counts['too_long']} of {counts['examples']} examples are longer than {counts['max_length']} tokens"
        self.warn("truncated", f"{many}: {lost}", "raise training.max_length to keep them whole")
