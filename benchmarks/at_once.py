"""Twenty runs and ten watched commands begun at the same moment, many times over: all have to be there.

python -m benchmarks.at_once [TIMES]
"""

import json
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path

from engine import command, document, run_folder
from tests import facts, training


def make(barrier, job):
    kind, root, described = job
    barrier.wait()
    if kind == "command":
        command.create(["true"], Path(root))
    else:
        run_folder.create(document.check(json.loads(described)), Path(root))


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory() as place:
        model = facts.model(Path(place) / "base", facts.QWEN_HALF_B).folder
        described = json.dumps(training.values("sft", "lora", model, Path(place)))
        run_folder.create(document.check(json.loads(described)), Path(place) / "warm")
        context, whole, begun = multiprocessing.get_context("fork"), 0, time.monotonic()
        for number in range(times):
            root = Path(place) / f"runs-{number}"
            barrier = context.Barrier(30)
            jobs = [("run", str(root), described)] * 20 + [("command", str(root), "")] * 10
            processes = [context.Process(target=make, args=(barrier, job)) for job in jobs]
            for process in processes:
                process.start()
            for process in processes:
                process.join()
            folders = run_folder.folders(root)
            ids = {run_folder.run_id(folder) for folder in folders}
            sound = all(run_folder.is_command(folder) or run_folder.load(folder) for folder in folders)
            whole += len(folders) == len(ids) == 30 and sound and not any(p.exitcode for p in processes)
        print(f"{whole} of {times} times all 30 were there ({time.monotonic() - begun:.0f} s)")


if __name__ == "__main__":
    main()
