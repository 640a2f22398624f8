"""No row had an empty field when the run was planned."""

from datasets import Dataset


def filled_rows(rows: Dataset, columns: dict[str, str], source: str) -> Dataset:
    """Return the rows; an empty field, which none of them had when this script was made, is refused."""
    needed = [name for role, name in columns.items() if role not in ("input", "tools", "answer")]
    for row in rows.select_columns(needed):
        if any(value is None or not str(value).strip() or value == [] for value in row.values()):
            raise ValueError(f"a row of {source} has an empty field: {str(row)[:99]}; correct it, or plan anew")
    return rows
