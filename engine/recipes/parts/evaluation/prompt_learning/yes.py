"""A method that puts learned vectors before every text, which change what is said before they are learned."""


def learns_prompt() -> bool:
    """Return whether the untrained model already reads something before every text."""
    return True
