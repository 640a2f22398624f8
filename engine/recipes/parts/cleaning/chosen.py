"""Which rows are left out: those with an empty field, and those that the chosen checks complain about."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from datasets import Dataset

from engine.recipes.parts.data.left_out import left_out
from engine.recipes.parts.doubles.equal import Doubles
from engine.recipes.parts.empty_fields import check_columns, empty_fields
from engine.recipes.parts.row_texts import last_said, text_of
from engine.recipes.parts.spoiled import spoiled

DROP: tuple[str, ...] = ()  # checks whose rows are left out, beside rows with an empty field


def with_texts(rows: Dataset, columns: dict[str, str]) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Yield every row and the text of every role, one after the other: they need not fit in memory."""
    check_columns(rows, columns)
    for row in rows.select_columns(list(columns.values())):
        yield row, {role: text_of(row[name]) for role, name in columns.items()}


def clean(rows: Dataset, columns: dict[str, str], source: str, tests: Dataset | None) -> Dataset:
    """Return the rows that can be learned from; `tests` are the rows of a test file, which none of them should be."""
    reasons = empty_fields(rows, columns)
    doubles = Doubles(texts for _, texts in (with_texts(tests, columns) if tests is not None else ()))
    label = columns.get("label", "")
    sizes = Counter(text_of(value).strip() for value in rows[label]) if label else Counter()
    for place, (row, texts) in enumerate(with_texts(rows, columns)):
        if reasons[place]:
            continue
        found = [*doubles.complaints(texts), *spoiled(texts, last_said(row, columns))]
        if label and sizes[texts["label"].strip()] < 5:  # every fifth of the data is to hold one row of a class
            found.append("small_class")
        reasons[place] = next((code for code in found if code in DROP), "")
    return left_out(rows, reasons, source)
