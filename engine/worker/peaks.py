"""What torch and the card held at most in each phase, and how that compares with what was predicted.

On a processor nothing is claimed: its memory is not torch's to count.
"""

import json
import sys
import time
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from engine.event import BATCHES, PLAN, PREDICTED, STACK, Journal, measured_file, stack_of
from engine.safe_files import read_json

GIB = 2**30
KINDS = ("allocated", "reserved", "card")
"""What training uses, what torch's allocator took for it, and what the card says, with all of its processes."""


class Peaks:
    """Writes an event of type `memory` at the end of every phase that used a card, and keeps the highest of each."""

    def __init__(self, journal: Journal) -> None:
        """Begin with nothing measured."""
        self.journal = journal
        self.phases: dict[str, dict[str, int]] = {}
        self.card = ""
        self.whole = True
        """Whether this process trains all that was planned, so that its time says something of the prediction."""

    def close(self, phase: str) -> None:
        """Read what the phase that ends has held, and begin to count anew; all cards that torch uses are added up."""
        torch = sys.modules.get("torch")
        if not phase or torch is None or not hasattr(torch, "cuda") or not torch.cuda.is_initialized():
            return
        now = dict.fromkeys(KINDS, 0)
        for index in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(index)
            now["allocated"] += torch.cuda.max_memory_allocated(index)
            now["reserved"] += torch.cuda.max_memory_reserved(index)
            now["card"] += total - free
            torch.cuda.reset_peak_memory_stats(index)
        self.card = torch.cuda.get_device_properties(0).name
        known = self.phases.get(phase, now)
        self.phases[phase] = {name: max(known[name], size) for name, size in now.items()}
        self.journal.write("memory", phase=phase, **now)

    def told(self, folder: Path, results: dict[str, Any]) -> dict[str, Any]:
        """Return the peaks and the prediction for the last event, and keep the pair on this machine."""
        training = self.phases.get("training")
        if training is None:
            return {}
        predicted: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            told = read_json(folder / PREDICTED)
            predicted = told if isinstance(told, dict) else {}
        if predicted.get("peak_gib") and not (folder / "control" / BATCHES).exists():  # other batches were predicted
            whole = self.whole and not (folder / "control" / PLAN).exists()
            self._keep(predicted, results.get("seconds") if whole else None)
        return {"memory": {"phases": self.phases, "predicted_gib": predicted.get("shown_gib")}}

    def _keep(self, predicted: dict[str, Any], seconds: float | None) -> None:
        versions = {}
        for name in STACK:
            with suppress(metadata.PackageNotFoundError):
                versions[name] = metadata.version(name)
        pair = {
            "time": time.time(),
            "stack": stack_of(versions),
            "card": self.card,
            "goal": predicted.get("goal", ""),
            "method": predicted.get("method", ""),
            "predicted_gib": predicted["peak_gib"],
            **{f"{name}_gib": self.phases["training"][name] / GIB for name in KINDS},
            "predicted_seconds": predicted.get("seconds"),
            "seconds": seconds,
        }
        with suppress(OSError):  # a home that can't be written costs a better prediction, not the run
            measured_file().parent.mkdir(parents=True, exist_ok=True)
            with measured_file().open("a", encoding="utf-8") as file:
                file.write(json.dumps(pair) + "\n")
