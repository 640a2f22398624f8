"""Rows that are left out, with the reason: nothing vanishes."""

from collections import Counter

from datasets import Dataset

from engine.recipes.parts.dropped import set_aside


def left_out(rows: Dataset, reasons: list[str], source: str, numbered: bool = True) -> Dataset:
    """Return the rows that have no reason to be left out; the others are written down with theirs.

    They get their number where they still stand in the order of the file.
    """
    gone = [place for place, reason in enumerate(reasons) if reason]
    if not gone:
        return rows
    for place in gone:
        set_aside(reasons[place], source, place + 1 if numbered else None, rows[place])
    told = ", ".join(f"{count} {reason}" for reason, count in Counter(filter(None, reasons)).items())
    print(f"{len(gone)} of {len(rows)} rows are left out ({told}): dropped.jsonl holds them")
    return rows.select([place for place, reason in enumerate(reasons) if not reason])
