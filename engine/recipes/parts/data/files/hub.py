"""The rows are a data set of the hub, which has no files of its own here."""


def files_of(_: str) -> list[str]:
    """Return no file."""
    return []
