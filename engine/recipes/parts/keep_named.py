"""Where the rows lie on which nothing should be forgotten, and which of their columns holds a text."""

from datasets import Dataset

KEEP: str = ""  # rows on which nothing should be forgotten: plain texts, or rows of the goal


def texts_of_rows(rows: Dataset) -> list[str]:
    """Return the texts of a table: its column text, or the only column that holds any."""
    named = [name for name, kind in rows.features.items() if getattr(kind, "dtype", "") in ("string", "large_string")]
    column = "text" if "text" in named else named[0] if len(named) == 1 else None
    if column is None:
        raise ValueError(
            f"data.keep: {KEEP} has neither the columns of this run's rows nor a column 'text' "
            f"(it has {', '.join(rows.column_names)}): rename one, or give a plain text file"
        )
    return [text for text in rows[column] if text and text.strip()]
