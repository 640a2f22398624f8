"""A method that begins as no change at all."""


def learns_prompt() -> bool:
    """Return whether the untrained model already reads something before every text."""
    return False
