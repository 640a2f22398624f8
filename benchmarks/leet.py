"""The same curve in tunewright and in Weights & Biases' LEET: `python benchmarks/leet.py /path/to/bin/wandb [STEPS]`.

STEPS (100,000) of three metrics are written as a journal of ours, and logged by wandb's own Python as an offline
run.
LEET comes with `pip install wandb`, into an environment of its own.
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from terminal import Terminal
from watch import ROOT, write_run

STEPS = 100_000
LOG = """
import json, sys, wandb
run = wandb.init(project="benchmark", mode="offline", dir=sys.argv[2], settings=wandb.Settings(x_disable_stats=True))
for line in open(sys.argv[1]):
    event = json.loads(line)
    if event["type"] == "metrics":
        run.log(event["values"])
run.finish()
"""
Row = dict[str, str]


def logged(wandb: Path, journal: Path, folder: Path) -> Path:
    """Return the file of an offline run with the metrics of a journal."""
    folder.mkdir()
    python = wandb.with_name("python")
    subprocess.run([python, "-c", LOG, journal, folder], check=True, cwd=folder, capture_output=True)
    return next(folder.glob("wandb/offline-run-*/*.wandb"))


def measured(command: list[str], environ: Mapping[str, str]) -> Row:
    """Return what loading one run costs a viewer."""
    terminal = Terminal(command, environ=environ)
    first = terminal.until(lambda text: any("\u2801" <= sign <= "\u28ff" for sign in text))
    whole = terminal.calm(2.0)
    row = {
        "first curve": f"{first:.2f} s",
        "all of it": f"{whole:.2f} s",
        "bytes until then": f"{terminal.received:,}",
        "processor until then": f"{terminal.cpu:.2f} s",
        "memory": f"{terminal.memory:.0f} MiB",
    }
    sent, cpu = terminal.hold(5)
    terminal.close()
    return {**row, "bytes a second afterwards": f"{sent:.0f}", "processor afterwards": f"{100 * cpu:.1f} %"}


def main() -> None:
    """Print both columns."""
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    wandb, steps = Path(sys.argv[1]).absolute(), int(sys.argv[2]) if len(sys.argv) == 3 else STEPS
    with tempfile.TemporaryDirectory() as place:
        folder = write_run(Path(place) / "run", steps, steps)
        with (folder / "events.jsonl").open("a") as journal:
            journal.write('{"type": "finished", "status": "completed", "results": null}\n')  # as theirs has ended
        file = logged(wandb, folder / "events.jsonl", Path(place) / "theirs")
        ours = [sys.executable, "-m", "tui.cli", "watch", "--runs", place, folder.name]
        columns = [
            measured(ours, {"PYTHONPATH": str(ROOT)}),
            measured([str(wandb), "leet", "run", str(file)], {}),
        ]
    print(f"| {steps:,} steps, three metrics | tunewright | LEET |\n| --- | --- | --- |")
    for name in columns[0]:
        print(f"| {name} | {columns[0][name]} | {columns[1][name]} |")


if __name__ == "__main__":
    main()
