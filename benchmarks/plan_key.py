"""How soon the memory bar of the Plan screen follows a key: `python benchmarks/plan_key.py [ROUNDS]`.

Milliseconds from the key to the changed bar on the screen, in the program's own event loop: b (the largest batch) and
its undoing, with a 7-billion model on a T4 that is described, not there. The whole plan, made anew after the bar, is
timed as well, and so is one estimate. Needs no GPU and no weights. `--open` opens that plan on this terminal, for a
measure from outside: what a terminal gets after a key.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import engine.machine
from engine.draft import Facts
from engine.estimate import estimate
from engine.guide import recommend
from engine.machine import Machine
from tests import facts
from tests.tui.desk import until
from tui.app import Tunewright
from tui.screens.plan import PlanScreen
from tui.widgets.memory_bar import MemoryBar

ROWS = 600
ONE = {"training.batch": 1, "training.accumulate": 16}


def desk(folder: Path) -> dict[str, Any]:
    """Write a model and rows, and return the answers that lead to a plan."""
    model = facts.model(folder / "llama", facts.LLAMA_7B)
    rows = [{"prompt": f"question {number}?", "completion": f"answer {number}. " * 9} for number in range(ROWS)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    training = {"batch": 1, "accumulate": 16, "max_length": 512}
    return {
        "goal": "sft", "model": {"id": str(model.folder)}, "data": {"train": str(folder / "rows.jsonl")},
        "method": {"kind": "qlora"}, "training": training,
    }  # fmt: skip


def described(_: Path) -> Machine:
    """Return a machine with a T4."""
    return facts.machine(facts.T4)


def program(folder: Path) -> Tunewright:
    """Return the full screen that opens with a plan for a T4."""
    engine.machine.look = described
    return Tunewright(folder / "runs", answers=desk(folder))


async def keys(folder: Path, rounds: int) -> tuple[list[float], list[float]]:
    """Return the milliseconds to the bar, and to the whole plan, of every press."""
    app = program(folder)
    bars, plans = [], []
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PlanScreen) and app.screen.wizard.thought)
        screen = app.screen
        assert isinstance(screen, PlanScreen)
        for _ in range(rounds):
            for press in ("b", "back"):
                thought, shown = screen.wizard.thought, drawn(screen)
                if press == "b":
                    await until(pilot, lambda: screen.check_action("take", ("batch",)))
                start = time.perf_counter()
                if press == "b":
                    app.simulate_key("b")
                else:
                    screen.take(ONE)
                while drawn(screen) == shown:
                    await asyncio.sleep(0)
                bars.append(1e3 * (time.perf_counter() - start))
                while screen.wizard.thought is thought:
                    await asyncio.sleep(0.001)
                plans.append(1e3 * (time.perf_counter() - start))
    return bars, plans


def drawn(screen: PlanScreen) -> str:
    """Return the lines of the bar as they are on the screen."""
    region = screen.query_one(MemoryBar).region
    strips = screen._compositor.render_strips()[region.y : region.bottom]
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def one_estimate(folder: Path) -> float:
    """Return the milliseconds of one estimate."""
    model = facts.model(folder / "llama", facts.LLAMA_7B)
    known = Facts(facts.machine(facts.T4), model, facts.chats())
    run = recommend({"goal": "sft", "model": {"id": model.id}}, known).run
    times = []
    for _ in range(200):
        start = time.perf_counter()
        estimate(run, model, known.machine, known.data)
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def main() -> None:
    """Print median and worst."""
    with tempfile.TemporaryDirectory() as folder:
        if "--open" in sys.argv:
            program(Path(folder)).run()
            return
        rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
        bars, plans = asyncio.run(keys(Path(folder), rounds))
        print(f"key to bar:  median {statistics.median(bars):.1f} ms, worst {max(bars):.1f} ms of {len(bars)} keys")
        print(f"key to plan: median {statistics.median(plans):.1f} ms, worst {max(plans):.1f} ms")
        print(f"one estimate: {one_estimate(Path(folder)):.3f} ms")


if __name__ == "__main__":
    main()
