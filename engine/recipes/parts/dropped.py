"""What is left out of the rows, with the reason: nothing vanishes."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from datasets import Dataset

from engine.recipes.parts.output import SMOKE_TEST, output


def dropped_file() -> Path:
    """Return the file in which rows are kept that are left out: one JSON object a line, beside the script."""
    return (output() if SMOKE_TEST else output().parent) / "dropped.jsonl"


def forget_dropped() -> None:
    """Begin anew: the same rows are left out again, and written down again, when a training goes on."""
    if os.environ.get("RANK", "0") == "0":
        dropped_file().unlink(missing_ok=True)


def set_aside(reason: str, source: str, number: int | None, row: Any) -> None:
    """Write down one row that is left out: why, where it comes from, and what it holds; only one process does."""
    if os.environ.get("RANK", "0") == "0":
        with dropped_file().open("a", encoding="utf-8") as file:
            said = {"reason": reason, "from": source, "row": number, "data": row}
            file.write(json.dumps(said, ensure_ascii=False, default=str).encode("utf-8", "replace").decode() + "\n")


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
