"""A look at data before anything is trained: what the rows are, which goals they suit, and what is wrong with them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.data.facts import Column, DataFacts, DataProblem, Lengths, Suit

__all__ = ["Column", "DataFacts", "DataProblem", "Lengths", "Suit", "look"]


def look(given: str | Sequence[Mapping[str, Any]], tell: Callable[[DataFacts | int], None] | None = None) -> DataFacts:
    """Look at a file, a folder, a pattern or a hub data set, or at several tasks; raises Problem when rows are missing.

    Of a large file `tell` hears what its first rows say (`counted` is how many these are), then how many are counted.

    The readers and rules are loaded here and not with the module: screens need the names above before anybody looks.
    """
    from engine.data.examine import examine
    from engine.data.several import examine_tasks

    return examine(given, tell) if isinstance(given, str) else examine_tasks(given)
