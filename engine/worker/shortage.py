"""What is told of a training whose memory ran out: where it was, the sizes, and the change that was found beforehand.

Needs nothing but the standard library; torch is asked only where the script has loaded it already.
"""

import json
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.event import EVENTS, RESCUE

UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
WANTED = re.compile(r"[Tt]ried to allocate ([\d.]+) ([KMG]iB)|you tried to allocate (\d+) bytes")


def shortage(folder: Path, code: str, message: str) -> dict[str, Any]:
    """Return the fields that a `failed` event has besides the usual ones: none where memory was not the reason.

    `phase` as the run's phases are named; `memory` in bytes: `requested`, and of the card `allocated`, `reserved`,
    `peak`, `free` and `total`; `change` {field: value} with `advice` as a sentence, where a change is known that fits.
    """
    if code != "out_of_memory":
        return {}
    return {"phase": _phase(folder / EVENTS), "memory": sizes(message), **_found(folder)}


def sizes(message: str) -> dict[str, int]:
    """Return the sizes that are known: what was asked for at last, and the card as torch sees it."""
    found: dict[str, int] = {}
    wanted = WANTED.search(message)
    if wanted:
        found["requested"] = int(wanted[3]) if wanted[3] else int(float(wanted[1]) * UNITS[wanted[2]])
    torch: Any = sys.modules.get("torch")
    try:
        if torch is not None and torch.cuda.is_initialized():
            free, total = torch.cuda.mem_get_info()
            found |= {"allocated": torch.cuda.memory_allocated(), "reserved": torch.cuda.memory_reserved()}
            found |= {"peak": torch.cuda.max_memory_allocated(), "free": free, "total": total}
    except RuntimeError:  # a card that has failed answers nothing more, and that is not the news
        pass
    return found


def _phase(journal: Path) -> str:
    with suppress(OSError, ValueError):
        lines = [line for line in journal.read_bytes().splitlines() if line.startswith(b'{"type": "phase"')]
        return str(json.loads(lines[-1])["name"]) if lines else ""
    return ""


def _found(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / RESCUE).read_text("utf-8"))
        return {"change": dict(found["change"]), "advice": f"start it anew with {found['advice']}"}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
