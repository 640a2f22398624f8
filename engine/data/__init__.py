"""A look at data before anything is trained: what the rows are, which goals they suit, and what is wrong with them."""

from engine.data.facts import Column, DataFacts, DataProblem, Lengths, Suit

__all__ = ["Column", "DataFacts", "DataProblem", "Lengths", "Suit", "look"]


def look(path: str) -> DataFacts:
    """Look at a file, a folder, a pattern or a hub data set; raises Problem when there are no rows to look at.

    The readers and rules are loaded here and not with the module: screens need the names above before anybody looks.
    """
    from engine.data.examine import examine

    return examine(path)
