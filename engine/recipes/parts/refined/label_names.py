"""Labels get names that say what they mean."""

from typing import Any

from datasets import Dataset

LABEL_NAMES: dict[str, str] = {}  # the label as it stands in the rows -> the name that it gets


def refined(rows: Dataset) -> Dataset:
    """Return the rows with the names of their labels; a label without one stays as it is."""

    def named(label: Any) -> str:
        return LABEL_NAMES.get(str(label).strip(), str(label).strip())

    if "label" not in rows.column_names:
        return rows
    feature = rows.features["label"]
    told = [named(feature.int2str(label) if hasattr(feature, "int2str") else label) for label in rows["label"]]
    return rows.remove_columns("label").add_column("label", told)
