"""A full card, with consent given: half the micro-batch, twice the accumulation, on from the last checkpoint."""

import gc
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from engine.event import BATCHES, HALVE
from engine.worker.failures import explain


@dataclass(frozen=True, slots=True)
class Batches:
    """How many rows are on the device at once, and how many such batches make a step."""

    batch: int
    accumulate: int

    def halved(self) -> "Batches | None":
        """Return the next smaller ones whose steps have the same rows; None for a single row."""
        rows = self.batch * self.accumulate
        smaller = next((size for size in range(self.batch // 2, 0, -1) if rows % size == 0), None)
        return None if smaller is None else Batches(smaller, rows // smaller)


def use_kept(module: ModuleType, control: Path) -> None:
    """Give a script the batches that this run went on with in its former life."""
    try:
        kept = Batches(**json.loads((control / BATCHES).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return
    _use(module, kept)


def _use(module: ModuleType, batches: Batches) -> None:
    module.BATCH, module.ACCUMULATE = batches.batch, batches.accumulate  # type: ignore[attr-defined]


def halve(module: ModuleType, control: Path, error: BaseException) -> str | None:
    """Halve the batches of a script whose card is full, and say so; None where nothing may or can be done."""
    if not (control / HALVE).exists() or explain(error).code != "out_of_memory":
        return None
    old = Batches(vars(module)["BATCH"], vars(module)["ACCUMULATE"])
    new = old.halved()
    if new is None:
        return None
    _use(module, new)
    (control / BATCHES).write_text(json.dumps({"batch": new.batch, "accumulate": new.accumulate}), "utf-8")
    return (
        f"the device was full with {old.batch} rows at once: on from the last checkpoint with {new.batch}, "
        f"and {new.accumulate} batches for a step in place of {old.accumulate}"
    )


def let_go() -> None:
    """Give back what the training that failed had taken."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
