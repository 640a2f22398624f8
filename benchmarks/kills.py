"""Signals at random moments of many runs: `python benchmarks/kills.py [--count 200] [--seed 0]`, a table of phases.

SIGKILL, SIGTERM, SIGINT, SIGHUP and SIGSTOP with SIGCONT, over all phases of a language model, an embedding model and
reinforcement learning in a loop of our own; some runs are hit twice. Each is resumed until it is complete. Losses,
evaluations, results, the number of steps and the hash of the final weights have to be those of the unbroken run.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = str(ROOT)

from tests import kills, tiny  # noqa: E402
from tests.reinforcements import described  # noqa: E402
from tests.training import values  # noqa: E402

SHORT = {"max_steps": 6, "evaluate_every": 2, "save_every": 2}


def families(place: Path) -> dict[str, kills.Unbroken]:
    """Train every kind once, undisturbed."""
    llama, bert = tiny.tiny_llama(place / "llama"), tiny.tiny_bert(place / "bert")
    runs = {
        "sft": values("sft", "lora", llama, place, **SHORT),
        "embed": values("embed", "full", bert, place, **SHORT),
        "ppo": described("ppo", "lora", llama, place, **SHORT),
    }
    return {name: kills.unbroken(run, place / name) for name, run in runs.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="kills-"))
    whole, told, wrong, sent = families(place), Counter[tuple[str, str]](), 0, 0
    number = 0
    while sent < asked.count:
        number += 1
        name = list(whole)[number % len(whole)]
        plan = kills.kills(random.Random(f"{asked.seed} {number}"), whole[name])
        folder = place / f"run-{number}"
        phases, different = kills.broken(whole[name], folder, plan)
        hits = [(kill.signal, phase) for kill, phase in zip(plan, phases, strict=False) if phase]
        told.update(hits)
        sent += len(hits)
        if different:
            wrong += 1
            print(f"seed {asked.seed} run {number} {name}: {plan}, in {phases}: {different}; see {folder}", flush=True)
        else:
            shutil.rmtree(folder)
        print(f"{sent} of {asked.count} signals, {number} runs, {wrong} not as unbroken", file=sys.stderr, flush=True)
    phases = sorted({phase for _, phase in told})
    print(f"| signal | {' | '.join(phases)} |\n|---{'|---' * len(phases)}|")
    for name in kills.SIGNALS:
        print(f"| {name} | {' | '.join(str(told[name, phase]) for phase in phases)} |")
    print(f"{sent} signals over {number} runs, {wrong} not as the unbroken run")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
