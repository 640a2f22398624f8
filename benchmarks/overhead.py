"""What reporting and watching cost a training: `python benchmarks/overhead.py [--steps 200]`.

A step of about 50 ms on one thread is trained alone, with the reporter and the watch, and with two watchers attached;
the three take turns in short rounds, so that whatever else the machine does falls on all of them.
"""

import argparse
import statistics
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from terminal import Terminal

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
ROUNDS = 6
STEP = 0.05  # seconds of real work


def trainer(folder: Path, steps: int, callbacks: list[Any], pause: Any) -> Any:
    """Return a trainer whose step is matrix products for about 50 ms."""
    import torch
    from torch.utils.data import Dataset
    from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

    torch.set_num_threads(1)
    torch.manual_seed(0)

    class Rows(Dataset):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return 64

        def __getitem__(self, index: int) -> dict[str, Any]:
            return {"x": torch.full((256,), index / 64), "y": torch.tensor(float(index % 3))}

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.Sequential(*(torch.nn.Linear(256, 256) for _ in range(8)), torch.nn.Linear(256, 1))

        def forward(self, x: Any, y: Any) -> dict[str, Any]:
            end = time.thread_time() + STEP
            while time.thread_time() < end:
                loss = ((self.layers(x).squeeze(1) - y) ** 2).mean()
            return {"loss": loss}

    class Turns(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
            pause(state.global_step)

    arguments = TrainingArguments(
        output_dir=str(folder), use_cpu=True, report_to="none", logging_steps=1, max_steps=steps, disable_tqdm=True,
        save_strategy="no", per_device_train_batch_size=8,
    )  # fmt: skip
    made = Trainer(model=Model(), args=arguments, train_dataset=Rows(), callbacks=[*callbacks, Turns()])
    made.remove_callback(PrinterCallback)
    return made


def timed(folder: Path, steps: int, *, reported: bool) -> list[float]:
    """Return what each step took of its thread's processor time, without the first ones: others' load is not in it."""
    from engine.event import EVENTS, Journal
    from engine.worker.reporter import Reporter
    from engine.worker.stopping import Stop
    from engine.worker.watchdog.watcher import Watcher
    from engine.worker.worker import identity

    callbacks: list[Any] = []
    if reported:
        journal = Journal(folder / EVENTS)
        journal.write("started", **identity(), script_sha256="")
        reporter = Reporter(journal, Stop(folder / "control"))
        callbacks = [reporter, Watcher(lambda found, step: reporter.on_warning(found.code, found.message, "", step))]
    ends: list[float] = []
    trainer(folder, steps, callbacks, lambda _: ends.append(time.thread_time())).train()
    return [after - before for before, after in pairwise(ends[5:])]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=60, help="steps of each round")
    steps = parser.parse_args().steps
    took: dict[str, list[float]] = {"alone": [], "reported": [], "watched twice": []}
    with tempfile.TemporaryDirectory() as place:
        for number in range(ROUNDS):
            for name, found in took.items():
                folder = Path(place) / f"{name.replace(' ', '-')}-{number}"
                (folder / "control").mkdir(parents=True)
                (folder / "command.json").write_text('{"command": ["python"], "cwd": "."}')
                command = [sys.executable, "-m", "tui.cli", "watch", "--runs", place, folder.name]
                watchers = [Terminal(command, environ={"PYTHONPATH": str(ROOT)}) for _ in range(2 * ("twice" in name))]
                for watcher in watchers:
                    watcher.hold(3)
                found += timed(folder, steps, reported=name != "alone")
                for watcher in watchers:
                    watcher.close()
    middle = {name: statistics.median(found) for name, found in took.items()}
    print("| a step of about 50 ms | median | against |\n| --- | --- | --- |")
    print(f"| alone | {1000 * middle['alone']:.2f} ms | |")
    print(f"| reported | {1000 * middle['reported']:.2f} ms | {middle['reported'] / middle['alone'] - 1:+.2%} alone |")
    ratio = middle["reported"] / middle["watched twice"]
    print(f"| with two watchers | {1000 * middle['watched twice']:.2f} ms | speed ratio {ratio:.4f} to reported |")


if __name__ == "__main__":
    main()
