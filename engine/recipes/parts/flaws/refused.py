"""Broken places of a file end the training: nothing is left out unasked."""


def flaw(file: str, line: int, what: str, text: str) -> None:
    """Raise a ValueError that names file, line and fault."""
    raise ValueError(f"{file}, line {line} {what} ({text[:60]!r}): correct it, or add broken_row to data.drop")
