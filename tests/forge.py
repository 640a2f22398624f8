"""Many short trainings in little time: real workers and real bare scripts, forked from a process that has the libraries.

What a worker does from its first event on is done here too; only the loading of the libraries is shared. Runs that
test the start of a worker itself (signals, logs, liveness) go through `engine.run.launch` as ever.
"""

import functools
import json
import multiprocessing
import os
import runpy
import shutil
import sys
from collections.abc import Sequence
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

from engine.history import History
from engine.run_folder import load
from engine.script import assemble
from tests.training import create, curves, wait

LIBRARIES = ["torch", "transformers", "trl", "peft", "sentence_transformers", "datasets", "accelerate"]


@functools.cache
def _forge() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*LIBRARIES, "tests.forge_preload"])
    before = dict(os.environ)
    os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_WAIT_POLICY": "PASSIVE"}  # libraries read both while they are loaded
    forkserver.ensure_running()
    os.environ.clear()
    os.environ.update(before)
    return context


def _inside(folder: str, log: str) -> None:
    """Give a forked child its own folder and log, as a shell would."""
    os.chdir(folder)
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.environ["HF_HUB_OFFLINE"] = "1"


def _work(folder: str) -> None:
    _inside(folder, "log.txt")
    from engine.worker.worker import work

    sys.stdout.flush()
    code = work([folder])
    sys.stdout.flush()
    os._exit(code)


def _bare(folder: str) -> None:
    _inside(folder, "log.txt")
    sys.argv = ["train.py"]
    code = 0
    try:
        runpy.run_path("train.py", run_name="__main__")
    except SystemExit as stop:
        code = int(stop.code or 0)
    except BaseException:  # noqa: BLE001 - whatever ends a script is told to the test
        import traceback

        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    os._exit(code)


def _tried(folder: str) -> None:
    os.environ["SMOKE_TEST"] = "1"
    _bare(folder)


def _several(folder: str) -> None:
    _inside(folder, "log.txt")
    asked = json.loads(Path("asked.json").read_text())
    for place in asked["folders"]:
        os.chdir(place)
        told: dict[str, Any] = {}
        try:
            script = runpy.run_path("train.py", run_name="__main__")
            read = script["source_rows"] if "source_rows" in script else script["texts_in"]
            rows = read(*[script["TRAIN"]][: read.__code__.co_argcount])
            told["rows"] = [rows[number] for number in range(min(asked["rows"], len(rows)))]
            told["results"] = json.loads(Path("output", "results.json").read_text())
        except BaseException:  # noqa: BLE001 - whatever ends a script is told to the test
            import traceback

            told["error"] = traceback.format_exc()
        Path("told.json").write_text(json.dumps(told, default=str))
    sys.stdout.flush()
    os._exit(0)


def several_bare(folders: Sequence[Path], rows: int) -> list[dict[str, Any]]:
    """Run the scripts of many folders one after the other in one process, which saves most of what a start costs.

    Of each are told its results and the first rows that it reads, or the error that ended it.
    """
    shared = folders[0].parent / "several"
    shared.mkdir(exist_ok=True)
    (shared / "asked.json").write_text(json.dumps({"folders": list(map(str, folders)), "rows": rows}))
    assert _run(_several, shared, 560) == 0, tail(shared)
    return [json.loads((folder / "told.json").read_text()) for folder in folders]


def _run(target: Any, folder: Path, seconds: float = 240) -> int:
    process = _forge().Process(target=target, args=(str(folder),), daemon=False)
    process.start()
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()
        raise AssertionError(f"{folder} did not end within {seconds:.0f} s: {tail(folder)}")
    return int(process.exitcode or 0)


def tail(folder: Path, lines: int = 40) -> str:
    """Return the end of a folder's log."""
    log = folder / "log.txt"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


def forge(described: dict[str, Any], root: Path) -> tuple[Path, History]:
    """Train a run through the worker in a forked process, and return its folder and history."""
    folder = create(described, root)
    return folder, trained(folder)


def trained(folder: Path) -> History:
    """Train the run of a folder to its end, and return its history."""
    code = _run(_work, folder)
    known = wait(folder)
    assert code == 0, (known.failed, tail(folder))
    return known


def refused(described: dict[str, Any], root: Path) -> dict[str, Any]:
    """Train a run that must fail, and return its `failed` event (code, message, advice, traceback)."""
    return refused_folder(create(described, root))


def refused_folder(folder: Path) -> dict[str, Any]:
    """Train the run of a folder, which must fail, and return its `failed` event."""
    assert _run(_work, folder) == 1
    return json.loads((folder / "events.jsonl").read_text().splitlines()[-1])


def bare(folder: Path, alone: Path, files: Sequence[Path] = (), *, specialized: bool = True) -> dict[str, Any]:
    """Run a folder's script by itself in another folder, and return its results.

    Without `specialized` the script is the text as its recipe and parts have it.
    """
    alone.mkdir(parents=True)
    for file in (folder / "train.py", *folder.glob("reward.py"), *files):
        shutil.copy(file, alone)
    if not specialized:
        (alone / "train.py").write_text(assemble(load(folder), specialized=False))
    assert _run(_bare, alone) == 0, tail(alone)
    return json.loads((alone / "output" / "results.json").read_text())


def resumed(folder: Path, alone: Path, step: int) -> dict[str, Any]:
    """Run a folder's script again, in another folder, from one of its checkpoints, and return its results."""
    saved = (folder / "output").glob("checkpoint-*")
    later = [path.name for path in saved if int(path.name.split("-")[1]) > step]
    shutil.copytree(folder / "output", alone / "output", ignore=shutil.ignore_patterns(*later, "model", "results.json"))
    assert (alone / "output" / f"checkpoint-{step}").is_dir()
    for file in (folder / "train.py", *folder.glob("reward.py")):
        shutil.copy(file, alone)
    assert _run(_bare, alone) == 0, tail(alone)
    return json.loads((alone / "output" / "results.json").read_text())


def losses(output: Path) -> dict[int, float]:
    """Return the losses that a bare script's newest checkpoint remembers, by step."""
    newest = max(output.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    log = json.loads((newest / "trainer_state.json").read_text())["log_history"]
    return {entry["step"]: entry["loss"] for entry in log if "loss" in entry}


def check_cell(described: dict[str, Any], folder: Path, silent: Sequence[int] = ()) -> tuple[Path, History]:
    """Train a run, and hold its losses to be numbers and its results to lie beside its weights.

    `silent` are the steps at which the loss may be 0 by its own definition.
    """
    trained, known = forge(described, folder / "runs")
    assert known.finished is not None
    assert known.finished["results"] == json.loads((trained / "output" / "results.json").read_text())
    for step, value in curves(known).get("loss", []):
        assert value == value and (value != 0 or step in silent)
    return trained, known


def check_seam(described: dict[str, Any], folder: Path, silent: Sequence[int] = ()) -> None:
    """Train a run, repeat it by the text of its recipe and parts, and hold both to the same losses and results.

    So the specialized script is held to its sources, and the worker to a script that runs alone.
    """
    trained, known = check_cell(described, folder, silent)
    results = known.finished["results"]
    repeated = bare(trained, folder / "alone", specialized=False)
    assert repeated["metrics"] == results["metrics"]
    assert repeated["samples"] == results["samples"]
    series = dict(curves(known).get("loss", []))
    if series:
        told = losses(folder / "alone" / "output")
        assert told and told == {step: series[step] for step in told}


def tried(folder: Path) -> dict[str, Any]:
    """Run a folder's script where it is as a smoke test, and return its results."""
    assert _run(_tried, folder) == 0, tail(folder)
    return json.loads((folder / "output-smoke" / "results.json").read_text())


def rerun(folder: Path) -> dict[str, Any]:
    """Run a folder's script once more where it is, and return its results."""
    assert _run(_bare, folder) == 0, tail(folder)
    return json.loads((folder / "output" / "results.json").read_text())
