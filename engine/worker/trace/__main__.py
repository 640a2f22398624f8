"""Trace runs by path: `python -P engine/worker/trace/__main__.py TASKS.json`; one JSON line on stdout for each task.

The libraries are loaded once; every task is traced in a child of its own, since a trace changes them.
"""

import json
import os
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any

WORKER = Path(__file__).resolve().parents[1] / "__main__.py"


def libraries(names: list[str]) -> None:
    """Load what the scripts need, without a word and without a card."""
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    import importlib

    for name in names:
        importlib.import_module(name)


def child(task: dict[str, Any], out: int) -> None:
    """Trace one task and write its answer."""
    try:
        import torch

        from engine.worker.trace.drive import dry_run

        torch.set_num_threads(1)
        answer = dry_run(task)
    except BaseException as error:  # noqa: BLE001 - whatever ends a trace is told, and the formula stands
        traceback.print_exc()
        answer = {"error": f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"}
    import resource

    answer["rss_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    with os.fdopen(out, "w") as pipe:
        pipe.write(json.dumps(answer))


def trace(task: dict[str, Any]) -> dict[str, Any]:
    """Trace one task in a child; a child that dies is an answer as well."""
    inside, out = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(inside)
        child(task, out)
        sys.stderr.flush()
        os._exit(0)
    os.close(out)
    with os.fdopen(inside) as pipe:
        said = pipe.read()
    os.waitpid(process, 0)
    answer: dict[str, Any] = (
        json.loads(said) if said else {"error": "the dry run was killed, most likely for its memory"}
    )
    return answer


def work(file: Path) -> None:
    """Trace every task of a file; answers go to stdout, all else to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    job = json.loads(file.read_text("utf-8"))
    libraries(job["libraries"])
    for task in job["tasks"]:
        print(json.dumps(trace(task)), file=answers, flush=True)


if __name__ == "__main__":
    runpy.run_path(str(WORKER), run_name="worker")["own_package"]()
    work(Path(sys.argv[1]))
