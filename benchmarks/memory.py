"""Predicted against measured memory of published trainings, and whether a card is ever wrongly said to be enough.

`python benchmarks/memory.py [TRUTH] [--all]`: TRUTH is a folder with vram_public.csv, models/ with config.json files,
and beside it tools/score_vram.py, which says which rows a run file can describe. It prints every row, the errors, how
many rows lie under the upper end of the interval, and over all rows and cards how often "fits" was said in error.
"""

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.cards import cards
from engine.draft import Facts
from engine.estimate import Estimate
from engine.guide import recommend
from engine.machine import GIB, Machine
from engine.model import look

OVERHEAD = 1.046
"""What the allocator reserves beyond what is allocated (51 runs of PEFT)."""
CONTEXT = 0.6


def scorer(truth: Path) -> ModuleType:
    """Return the script that says which rows count, and how a row becomes a run file."""
    spec = importlib.util.spec_from_file_location("score_vram", truth.parent / "tools" / "score_vram.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def here() -> bool:
    """Say whether the measured runs lie beside this project."""
    return (shared() / "vram_public.csv").is_file() and (shared().parent / "tools" / "score_vram.py").is_file()


def shared() -> Path:
    """Return where the measured runs are expected."""
    return Path(__file__).resolve().parents[2] / "shared" / "truth"


def published(truth: Path, *, everything: bool = False) -> list[tuple[dict[str, str], Estimate]]:
    """Return the measured runs with their predictions, for a card of no particular size."""
    score = scorer(truth)
    with (truth / "vram_public.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if score.usable(row, everything)]
    return [(row, predicted(score.as_run(row, truth / "models"))) for row in score.distinct(rows, truth / "models")]


def predicted(run: dict[str, Any]) -> Estimate:
    """Return what a run on some card needs, as `tunewright estimate` says it."""
    run["launch"], run["training"]["accumulate"] = {"device": "cuda"}, 1
    if run["model"]["dtype"] == "fp16":
        run["model"]["dtype"] = "bf16"  # as wide, and trained weights are never stored in fp16 here
    found = recommend(run, Facts(nowhere(), look(run["model"]["id"]), None)).estimate
    assert found is not None
    return found


def nowhere() -> Machine:
    """Return a machine without a card."""
    return Machine("", (), 0, "", "", "", 1, False, 64 * GIB, 64 * GIB, (), ())


def pair(row: dict[str, str], said: Estimate) -> tuple[float, float]:
    """Return predicted and measured GB; reserved bytes are compared with the prediction and its overhead."""
    reserved = row["peak_kind"] == "reserved"
    return said.peak_gib * GIB / 1e9 * (OVERHEAD if reserved else 1), float(row["peak_gb"])


def needed(row: dict[str, str]) -> float:
    """Return the GiB that a measured run took from its card, the context with it."""
    return float(row["peak_gb"]) * 1e9 / GIB / (OVERHEAD if row["peak_kind"] == "reserved" else 1) + CONTEXT


def false_fits(found: list[tuple[dict[str, str], Estimate]]) -> tuple[int, int]:
    """Return how many pairs of run and card there are, and in how many of them "fits" is said in error."""
    wrong = sum(said.high_gib <= card.memory_gib < needed(row) for row, said in found for card in cards())
    return len(found) * len(cards()), wrong


def main() -> int:
    """Print the tables."""
    arguments = [name for name in sys.argv[1:] if name != "--all"]
    truth = Path(arguments[0]) if arguments else shared()
    if not (truth / "vram_public.csv").is_file():
        print(f"skipped: there is no {truth / 'vram_public.csv'}")
        return 0
    found = published(truth, everything="--all" in sys.argv)
    for row, said in found:
        ours, measured = pair(row, said)
        sizes = f"{row['batch_per_device']:>3}x{row['seq_len']:5}"
        print(f"{row['id']:6}{row['model'][:26]:28}{row['method']:20}{sizes}{measured:8.2f}{ours:8.2f}", end="")
        print(f"{100 * (ours / measured - 1):+7.1f} %{'' if needed(row) <= said.high_gib else '  above the interval'}")
    scorer(truth).report("all", [pair(row, said) for row, said in found])
    under = sum(needed(row) <= said.high_gib for row, said in found)
    print(f"under the upper end of the interval: {under} of {len(found)}")
    pairs, wrong = false_fits(found)
    print(f"{pairs} pairs of run and card, 'fits' said in error: {wrong}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
