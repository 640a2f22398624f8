"""Bytes that live in a real small training against those of the dry run: `python benchmarks/dry_run.py`.

The same ledger counts both, with this processor's own kernels: one pass with numbers, one on shapes. What differs is
what the shapes get wrong.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
GOALS = {"sft": ("prompt", "completion"), "prefer": ("prompt", "chosen", "rejected"), "embed": ("anchor", "positive")}
METHODS = {"sft": ("full", "lora", "qlora"), "prefer": ("full", "lora", "qlora"), "embed": ("full", "lora")}


def rows(goal: str) -> list[dict[str, str]]:
    texts = [" ".join(f"w{(n * 7 + k) % 40}" for k in range(60 - n % 5)) for n in range(32)]
    return [{role: f"{role} {n} {texts[n]}" for role in GOALS[goal]} for n in range(32)]


def described(goal: str, method: str, model: Path, data: Path) -> dict[str, Any]:
    return {
        "goal": goal,
        "model": {"id": str(model), "dtype": "fp32", "attention": "sdpa"},
        "data": {"train": str(data), "columns": {role: role for role in GOALS[goal]}},
        "method": {"kind": method},
        "training": {"batch": 4, "accumulate": 1, "max_length": 128, "precision": "fp32", "threads": 1},
        "launch": {"device": "cpu"},
    }


def planned(folder: Path, cells: list[tuple[str, str]]) -> list[Any]:
    """Return the runs, on small models that are made here."""
    from engine.data import look as look_at_data
    from engine.dry_run import Planned
    from engine.guide import Facts, recommend
    from engine.machine import look as look_at_machine
    from engine.model import look as look_at_model
    from tests.tiny import tiny_bert, tiny_llama, write_rows

    models = {goal: folder / ("bert" if goal == "embed" else "llama") for goal in GOALS}
    tiny_bert(models["embed"], width=256)
    tiny_llama(models["sft"], width=256)
    found = []
    for goal, method in cells:
        data = write_rows(folder / f"{goal}.jsonl", rows(goal))
        facts = Facts(look_at_machine(folder), look_at_model(str(models[goal])), look_at_data(str(data)))
        run = recommend(described(goal, method, models[goal], data), facts).run
        found.append(Planned(run, facts.model, facts.data))
    return found


def compared(cells: list[tuple[str, str]]) -> list[tuple[Any, Any]]:
    """Return (with numbers, on shapes) of each cell."""
    from engine.dry_run import dry_runs

    with tempfile.TemporaryDirectory() as folder:
        runs = [replace(one, card=False) for one in planned(Path(folder), cells)]
        found = dry_runs([*(replace(one, numbers=True) for one in runs), *runs])
    return list(zip(found[: len(runs)], found[len(runs) :], strict=True))


def main() -> None:
    cells = [(goal, method) for goal, methods in METHODS.items() for method in methods]
    print("| goal | method | real MiB | dry run MiB | difference |\n| --- | --- | --- | --- | --- |")
    for (goal, method), (real, dry) in zip(cells, compared(cells), strict=True):
        if not hasattr(real, "peak_gib") or not hasattr(dry, "peak_gib"):
            print(f"| {goal} | {method} | {real} | {dry} | - |")
            continue
        gap = 100 * (dry.peak_gib / real.peak_gib - 1)
        print(f"| {goal} | {method} | {1024 * real.peak_gib:.2f} | {1024 * dry.peak_gib:.2f} | {gap:+.2f} % |")


if __name__ == "__main__":
    main()
