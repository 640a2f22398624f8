"""Rows whose label says that they have none, such as -1, are left out."""

from typing import Any

from datasets import Dataset

NO_LABEL: tuple[str, ...] = ()  # labels that mean that a row has none


def plain_label(value: Any) -> str:
    """Return a label as it is compared: 1 and 1.0 are the same, and so are None and none."""
    return str(value).strip().lower().removesuffix(".0")


def unlabelled(rows: Dataset, columns: dict[str, str], reasons: list[str]) -> list[str]:
    """Return why each row is left out, beside the `reasons` that are known already."""
    name = columns.get("label", columns.get("score", ""))
    if name not in rows.column_names:
        return reasons
    marks = {plain_label(mark) for mark in NO_LABEL}
    return [
        reason or ("no_label" if plain_label(value) in marks else "")
        for reason, value in zip(reasons, rows[name], strict=True)
    ]
