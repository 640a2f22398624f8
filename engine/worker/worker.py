"""Runs one run's script, and tells the journal about it: thin on purpose."""

import fcntl
import hashlib
import importlib
import importlib.util
import os
import platform
import socket
import sys
import time
import traceback
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from engine.event import EVENTS, Journal
from engine.liveness import boot_id, process_start
from engine.safe_files import open_to_append
from engine.worker import data_cache, hardware
from engine.worker.failures import explain
from engine.worker.halving import halve, let_go, use_kept
from engine.worker.model_code import guard_model_code
from engine.worker.progress import report_bars
from engine.worker.reserve import keep_reserve, release, with_disk
from engine.worker.shortage import shortage
from engine.worker.stopping import Stop, Stopped, every
from engine.worker.time_limit import limit_chat_templates
from engine.worker.turn import wait_turn

LIBRARIES = ("torch", "transformers", "peft", "trl", "bitsandbytes", "sentence-transformers", "accelerate", "datasets")
HEARTBEAT = 5.0


def work(arguments: Sequence[str]) -> int:
    """Train the run in the folder `arguments[0]`; return 0 completed, 1 failed, 3 already running, 130 stopped.

    `--after FOLDER` begins when that run has ended.
    `--wait FILE STARTER MODULE...` loads the modules first, and takes the folder from FILE when it appears.
    """
    os.umask(0o077)  # what a run writes holds texts of its data
    if arguments[0] == "--wait":
        folder = wait_for_folder(Path(arguments[1]), int(arguments[2]), arguments[3:])
        if folder is None:
            return 0
    else:
        folder = Path(arguments[0]).resolve()
    lock = take_lock(folder)
    if lock is None:
        print(f"{folder.name} is being trained already; see it with: tunewright watch {folder.name}", file=sys.stderr)
        return 3
    former = (folder / EVENTS).exists()
    journal = Journal(folder / EVENTS)
    stop = Stop(folder / "control")
    if former:  # what was asked of a run before it began is asked of its first life
        stop.forget()
    digest = hashlib.sha256((folder / "train.py").read_bytes()).hexdigest()
    journal.write("started", **identity(), script_sha256=digest)
    try:
        stop.listen()
        keep_reserve(folder)
        every(HEARTBEAT, lambda: journal.write("hardware", gpu=hardware.cards(), rss=hardware.resident()))
        if arguments[1:2] == ["--after"]:
            wait_turn(Path(arguments[2]), journal)
        return train(folder / "train.py", digest, journal, stop)
    except Stopped:
        stop.end()
        release(folder)
        journal.write("finished", status="stopped", results=None)
        return 130
    except BaseException as error:  # noqa: BLE001 - whatever ends a training is told to the person who waits for it
        stop.end()
        tell_failure(error, folder, journal)
        return 1


def tell_failure(error: BaseException, folder: Path, journal: Journal) -> None:
    """Say what ended a training."""
    failure = with_disk(explain(error), folder)
    release(folder)
    short = shortage(folder, failure.code, str(error))
    journal.write("failed", **{**fields_of(failure), **short}, traceback=traceback.format_exc())
    traceback.print_exc()


def wait_for_folder(place: Path, starter: int, modules: Sequence[str]) -> Path | None:
    """Load the modules, wait for the run, and write to its log from then on; None when the starter is gone."""
    for name in modules:
        importlib.import_module(name)
    while not place.exists():
        if os.getppid() != starter:
            return None
        time.sleep(0.02)
    folder = Path(place.read_text("utf-8"))
    place.unlink()
    log = os.open(folder / "log.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(folder)
    return folder


def fields_of(failure: Any) -> dict[str, Any]:
    """Return code, message and advice of a failure."""
    return {"code": failure.code, "message": failure.message, "advice": failure.advice}


def train(script: Path, digest: str, journal: Journal, stop: Stop) -> int:
    """Load the libraries and the script, train, and write what came out."""
    journal.write("phase", name="libraries")
    report_bars(journal)
    data_cache.use(script.parent)
    module = load(script, digest)
    guard_model_code()
    limit_chat_templates()
    use_kept(module, stop.control)
    news = ""
    while (told := attempt(module, digest, journal, stop, news)) is not None:
        let_go()
        news = told
    data_cache.forget(script.parent)
    return 0


def attempt(module: ModuleType, digest: str, journal: Journal, stop: Stop, news: str) -> str | None:
    """Train to the end and return None, or return how to go on where the device was full and consent is there."""
    from engine.worker.place import Place
    from engine.worker.reporter import Reporter
    from engine.worker.resuming import Checkpoints
    from engine.worker.run_facts import RunFacts
    from engine.worker.truncated import Truncated
    from engine.worker.watchdog.proof import proof
    from engine.worker.watchdog.watcher import Watcher

    reporter, facts = Reporter(journal, stop, news), RunFacts()
    watcher = Watcher(lambda found, step: reporter.on_warning(found.code, found.message, found.advice, step))
    checkpoints, cut = Checkpoints(module, reporter.on_warning), Truncated(module, reporter.on_warning)
    checkpoints.set_damaged_aside()
    try:
        watching = [Place(stop.control.parent), checkpoints, reporter, watcher, facts, cut]
        with cut.counting():
            results = run_script(module, watching, facts)
    except Exception as error:
        told = halve(module, stop.control, error)
        if told is None:
            raise
        stop.training = False
        reporter.peaks.close(reporter.phase)
        return told
    reporter.peaks.close(reporter.phase)
    results = facts.results(results, output_of(module), digest, [reporter.peak_gib])
    for sample in results.get("samples", []):
        journal.write("sample", step=results.get("best_step") or 0, **sample)
    memory = reporter.peaks.told(stop.control.parent, results)
    stop.end()
    release(stop.control.parent)
    found = {"proof": proof(results, watcher, reporter), "truncated": cut.results(), **memory}
    journal.write("finished", status="completed", results=results, **found)
    return None


def output_of(module: ModuleType) -> Path:
    """Return the folder that a script writes to; a relative path lies beside it."""
    return Path(str(module.__file__)).resolve().parent / str(vars(module).get("OUTPUT", "output"))


def run_script(module: ModuleType, callbacks: list[Any], facts: Any) -> dict[str, Any]:
    """Run a script's `main`, and tell its phases to the callbacks that listen to them."""
    from engine.worker.learned_batches import check_learned
    from engine.worker.phases import after_trainer, mark_phases

    names = vars(module)
    before = dict(names)

    def tell(phase: str) -> None:
        print(f"{phase} ...", flush=True)  # into log.txt
        for callback in callbacks:
            if hasattr(callback, "on_phase"):
                callback.on_phase(phase)

    mark_phases(module, tell, facts.loaded)
    after_trainer(module, lambda trainer, rows: check_learned(trainer, rows, int(names["MAX_LENGTH"])))
    tell("data")
    try:
        return dict(module.main(callbacks=callbacks))
    finally:
        names.update(before)  # a training that is tried again with half the batch begins with the script's own


def load(script: Path, digest: str) -> ModuleType:
    """Import the script under a name of its own: cached rows of another run's script must never be taken for its."""
    text = script.read_bytes()
    if hashlib.sha256(text).hexdigest() != digest:
        raise RuntimeError("train.py was changed after this run was started: start it again")
    name = f"train_{digest[:12]}"
    spec = importlib.util.spec_from_file_location(name, script)
    if spec is None:
        raise FileNotFoundError(f"{script} can't be read")
    os.environ.pop("SMOKE_TEST", None)  # a script tries itself only where a person runs it
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    exec(compile(text, str(script), "exec"), vars(module))  # the very bytes that were looked at
    return module


def take_lock(folder: Path) -> IO[bytes] | None:
    """Return the open lock of a run, or None when another worker holds it; the system frees it with the process."""
    lock = open_to_append(folder / "worker.lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


def identity() -> dict[str, Any]:
    """Return which process on which machine this is; a process is known by its start time as well as its number."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "host": socket.gethostname(),
        "boot_id": boot_id(),
        "pid": os.getpid(),
        "created": process_start(os.getpid()),
        "versions": {"python": platform.python_version(), **versions},
        "machine": {"cores": len(os.sched_getaffinity(0)), "platform": platform.platform()},
        "world_size": 1,
    }
