"""What is left out of the rows, with the reason: nothing vanishes."""

import json
import os
from pathlib import Path
from typing import Any

from engine.recipes.parts.output import SMOKE_TEST, output


def dropped_file() -> Path:
    """Return the file in which rows are kept that are left out: one JSON object a line, beside the script."""
    return (output() if SMOKE_TEST else output().parent) / "dropped.jsonl"


def set_aside(reason: str, source: str, number: int | None, row: Any) -> None:
    """Write down one row that is left out: why, where it comes from, and what it holds; only one process does."""
    if os.environ.get("RANK", "0") == "0":
        with dropped_file().open("a", encoding="utf-8") as file:
            said = {"reason": reason, "from": source, "row": number, "data": row}
            file.write(json.dumps(said, ensure_ascii=False, default=str).encode("utf-8", "replace").decode() + "\n")
