"""What the goal baseline begins with."""

from engine.draft import Draft, Facts


def fill(draft: Draft, facts: Facts) -> None:
    """Fill in the goal's own fields."""
