"""The classes: named by the rows, numbered in an order that stays, refused where there is nothing to tell apart."""

from collections.abc import Sequence
from typing import Any

from datasets import ClassLabel, Dataset


def class_name(label: Any) -> str:
    """Return a label as the name of its class; what is no class is refused."""
    several, number = isinstance(label, (list, dict)), isinstance(label, float)
    if several:
        raise ValueError(f"the label {label} is several at once: give every text one class")
    if number and not label.is_integer():
        raise ValueError(f"the label {label} is a measure and no class: name ranges, such as low and high")
    return str(int(label)) if number else str(label).strip()


def names_of(rows: Dataset) -> list[str]:
    """Return the class of every row; numbers that have names in the data set are called by them."""
    feature = rows.features["label"]
    known = feature.int2str if isinstance(feature, ClassLabel) else class_name
    return [known(label) for label in rows["label"]]


def in_order(names: set[str]) -> list[str]:
    """Return class names in an order that does not depend on the rows: by size where all are whole numbers."""
    numbers = all(name.lstrip("-").isdecimal() for name in names)
    return sorted(names, key=lambda name: (int(name) if numbers else 0, name))


def check_classes(train: list[str], test: list[str]) -> None:
    """Refuse rows from which no classes can be learned, and a test that asks for others."""
    classes, asked = set(train), set(test)
    if len(classes) > max(2, len(train) / 2):
        raise ValueError(
            f"{len(classes)} classes in {len(train)} training rows: they look like texts or measures of their own; "
            "take a column with a few values that repeat (data.columns)"
        )
    if not train or not test:
        raise ValueError(
            f"{len(train)} training and {len(test)} test rows have a text and a label: check data.columns and the rows"
        )
    if len(classes) == 1:
        raise ValueError(f"every training row has the label '{train[0]}': there must be two classes to tell apart")
    if asked - classes:
        unknown = ", ".join(in_order(asked - classes)[:3])
        raise ValueError(
            f"no training row has the class of some test rows ({unknown}): correct data.test or data.train"
        )


def numbered(train: Dataset, test: Dataset, known: Sequence[str] = ()) -> tuple[list[str], Dataset, Dataset]:
    """Return the class names, and both sets of rows with the place of the name in that list as their label.

    Where the rows have the classes that are `known` to the model, its head's order is kept.
    """
    named = [names_of(rows) for rows in (train, test)]
    check_classes(*named)
    names = list(known) if set(known) == set(named[0]) else in_order(set(named[0]))
    place = {name: index for index, name in enumerate(names)}
    train, test = (
        rows.remove_columns("label").add_column("label", [place[name] for name in found])
        for rows, found in zip((train, test), named, strict=True)
    )
    return names, train, test
