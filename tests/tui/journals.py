"""Run folders as a worker leaves them, written by hand after the design's table of events."""

import json
import math
import os
import random
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from engine.liveness import boot_id, process_start
from engine.own_runs import remember
from engine.run import WORKER
from engine.run_folder import write_mark

START = 1_795_000_000.0
STEP = 0.5
SIZES = {
    768: (0.7549, 0.0101),
    512: (0.7549, 0.0055),
    256: (0.7455, 0.0092),
    128: (0.7117, 0.0088),
    64: (0.6477, 0.0132),
}
DESCRIBED = {
    "sft": "goal: sft\nmodel: {id: meta-llama/Llama-2-7b-hf}\ndata: {train: support.jsonl}\nmethod: {kind: qlora}\n",
    "embed": "goal: embed\nmodel: {id: BAAI/bge-base-en-v1.5}\ndata: {train: pairs.jsonl}\nmethod: {kind: lora}\n",
}


_living: list["subprocess.Popen[bytes]"] = []


def standing_in(folder: Path) -> "subprocess.Popen[bytes]":
    """A process that does nothing, with the command line of a worker of this folder; it ends with the test's own."""
    while len(_living) >= 64:
        _living.pop(0).communicate()
    process = subprocess.Popen(["sh", "-c", "read _", "-P", str(WORKER), str(folder)], stdin=subprocess.PIPE)
    while not Path(f"/proc/{process.pid}/cmdline").read_bytes():  # for a moment after its start it has none
        pass
    _living.append(process)
    return process


class RunFolder:
    """One run folder that grows as its worker would let it grow."""

    def __init__(self, root: Path, name: str, goal: str = "sft", planned: int = 1083) -> None:
        self.path = root / name
        self.goal, self.planned = goal, planned
        self.random = random.Random(os.fsencode(name).decode("utf-8", "replace"))
        (self.path / "output").mkdir(parents=True)
        (self.path / "control").mkdir()
        write_mark(self.path)
        (self.path / "run.yaml").write_text(DESCRIBED[goal])
        script = 'BASE_MODEL: str = "[red]not red[/red]"\nprint(BASE_MODEL)\n'
        (self.path / "train.py").write_text(script)
        remember(self.path, script, script)
        (self.path / "log.txt").write_text("\x1b[31mloading\x1b[0m [bold]weights[/bold]\n  0%|  \r 50%|==\r100%|====\n")

    def say(self, kind: str, at: float, **fields: Any) -> "RunFolder":
        with (self.path / "events.jsonl").open("a") as file:
            file.write(json.dumps({"type": kind, "time": START + at, **fields}) + "\n")
        return self

    def start(self, pid: int | None = None, at: float = 0.0, host: str | None = None) -> "RunFolder":
        """Begin, by default in a process that lives as long as the test does."""
        pid = standing_in(self.path).pid if pid is None else pid
        created = process_start(pid)
        return self.say(
            "started", at, host=host or socket.gethostname(), boot_id=boot_id(), pid=pid, created=created, world_size=1
        )

    def prepare(self, phases: int = 4) -> "RunFolder":
        for index, name in enumerate(("libraries", "data", "model", "baseline")[:phases]):
            self.say("phase", 1 + index * 9, name=name)
        return self

    def begin(self, at: float = 40.0, start: int = 0) -> "RunFolder":
        self.say("phase", at, name="training")
        return self.say(
            "begun", at, from_step=start, max_steps=self.planned, epochs=3, trainable=4194304, parameters=6738415616
        )

    def train(self, first: int, last: int, every: int = 100) -> "RunFolder":
        for step in range(first, last + 1):
            at = 40 + step * STEP
            loss = 1.2 + 1.25 * math.exp(-step / 90) + self.random.gauss(0, 0.06)
            values = {"loss": loss, "grad_norm": 0.5 + self.random.random(), "learning_rate": 2e-4}
            self.say("metrics", at, step=step, epoch=step / 361, values=values)
            if step % every == 0:
                self.evaluate(step, at)
                self.say("checkpoint", at, step=step, path=str(self.path / "output" / f"checkpoint-{step}"))
        return self

    def evaluate(self, step: int, at: float = 39.0) -> "RunFolder":
        loss, rise = 1.15 + 1.2 * math.exp(-step / 200), 1 - math.exp(-step / 200)
        values = {"eval_loss": loss, "perplexity": math.exp(loss)}
        if self.goal == "embed":
            found = {f"dim_{size}_cosine_ndcg@10": low + gain * rise for size, (low, gain) in SIZES.items()}
            values = {"eval_loss": loss, **found}
        return self.say("evaluated", at, step=step, epoch=step / 361, values=values)

    def heartbeat(self, at: float) -> "RunFolder":
        card = {
            "index": 0,
            "uuid": "GPU-1",
            "name": "Tesla T4",
            "memory_used": int(10.1 * 2**30),
            "memory_total": int(15.8 * 2**30),
            "utilization": 97,
            "temperature": 71,
            "power": 68.2,
        }
        return self.say("hardware", at, gpu=[card], rss=3 * 2**30)

    def warn(self, step: int, message: str, advice: str = "") -> "RunFolder":
        return self.say("warning", 40 + step * STEP, step=step, code="overfitting", message=message, advice=advice)

    def complete(self, at: float, **results: Any) -> "RunFolder":
        return self.say("finished", at, status="completed", results={**self.results(), **results})

    def results(self) -> dict[str, Any]:
        rows = [("eval_loss", 2.412, 1.187), ("perplexity", 11.15, 3.28)]
        higher = False
        if self.goal == "embed":
            rows = [(f"dim_{size}_cosine_ndcg@10", low, low + gain) for size, (low, gain) in SIZES.items()]
            higher = True
        metrics = [
            {"name": name, "baseline": before, "tuned": after, "improvement": 1.0, "higher_is_better": higher}
            for name, before, after in rows
        ]
        sample = {
            "prompt": "My invoice shows VAT twice",
            "base": "I'm sorry to hear that. VAT is a tax that is added to the price of most goods and services. " * 4,
            "tuned": "Open Billing › Invoices, pick the invoice, and press Correct.",
        }
        return {
            "goal": self.goal,
            "metrics": metrics,
            "best_step": 300,
            "parameters": 6738415616,
            "trainable": 4194304,
            "peak_memory_gib": 10.12,
            "seconds": 9060.0,
            "samples": [sample] if self.goal == "sft" else [],
            "model_folder": str(self.path / "output" / "model"),
            "train_rows": 4332,
            "test_rows": 480,
        }


async def wait_until(pilot: Pilot[Any], holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Let the program go on until something holds; fail when it never does."""
    for _ in range(int(seconds / 0.02)):
        await pilot.pause(0.02)
        if holds():
            return
    raise AssertionError(f"this never held: {holds}")


async def answer(pilot: Pilot[Any], key: str) -> None:
    """Answer a question whether one is sure, as soon as keys count."""
    await wait_until(pilot, lambda: getattr(pilot.app.screen, "counts_from", math.inf) <= time.monotonic())
    await pilot.press(key)
