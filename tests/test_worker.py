"""The worker: outlives everything, stops in every phase, and says what went wrong."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine import control, run, run_folder, trash
from engine.event import Journal
from engine.listing import listing
from engine.liveness import is_locked, process_start
from engine.problem import Problem
from engine.worker.worker import identity
from tests.forge import forge, losses, refused_folder, trained
from tests.tiny import write_rows
from tests.training import create, curves, values, wait
from tests.tui.journals import standing_in

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("loaded_python")]


@pytest.fixture
def described(llama, tmp_path):
    """A run of some seconds, with a checkpoint every few steps."""
    return values("sft", "lora", llama, tmp_path, epochs=12)


def begun(known):
    return known.step >= 5


def start(described, root):
    folder = create(described, root)
    run.launch(folder)
    return folder


def test_the_first_word_comes_before_the_libraries(described, tmp_path, monkeypatch):
    monkeypatch.delenv("TUNEWRIGHT_PYTHON")  # the libraries are loaded by the worker itself
    folder = create(described, tmp_path / "runs")
    before = time.time()
    run.launch(folder)
    known = wait(folder, until=lambda known: known.phase == "data")
    assert known.started["time"] - before < 2
    lines = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert lines[0]["type"] == "started"
    assert next(line["name"] for line in lines if line["type"] == "phase") == "libraries"
    assert known.started["pid"] != os.getpid()
    assert folder.stat().st_mode & 0o777 == 0o700
    run.stop(folder, hard=True)
    assert run.state(folder, wait(folder)) == "died"


@pytest.mark.parametrize("phase", ["libraries", "data", "model", "baseline"])
def test_a_stop_before_the_training_ends_it_at_once(phase, described, tmp_path):
    folder = start(described, tmp_path / "runs")
    wait(folder, until=lambda known: known.phase == phase or known.begun)
    run.stop(folder)
    known = wait(folder, seconds=30)
    assert known.finished["status"] == "stopped"
    assert not known.failed


def test_a_stop_through_the_control_folder_saves_first(described, tmp_path):
    described["training"]["epochs"] = 400  # it must not end by itself first
    folder = start(described, tmp_path / "runs")
    wait(folder, until=begun)
    (folder / "control" / "stop").touch()
    known = wait(folder)
    assert known.finished["status"] == "stopped"
    assert known.checkpoints[-1]["step"] == known.step
    assert list((folder / "control").iterdir()) == []


def test_a_run_saves_measures_itself_and_stops_at_an_evaluation_when_it_is_asked(described, tmp_path):
    described["training"].update(
        epochs=1000, save_every=100_000, evaluate_every=100_000
    )  # it does none of it by itself
    folder = start(described, tmp_path / "runs")
    with pytest.raises(Problem, match="does not train yet"):
        control.ask(folder, "save")
    wait(folder, until=begun)
    control.ask(folder, "save")
    known = wait(folder, until=lambda known: bool(known.checkpoints))
    assert known.begun["from_step"] < known.checkpoints[0]["step"] <= known.step
    measured = len(known.evaluated["eval_loss"].steps)
    control.ask(folder, "evaluate")
    known = wait(folder, until=lambda known: len(known.evaluated["eval_loss"].steps) > measured)
    assert run.state(folder, known) == "running"
    with pytest.raises(Problem, match="cut off the cosine schedule"):
        control.shorten(folder, 300)
    control.ask(folder, "stop_at_evaluation")
    control.ask(folder, "evaluate")
    known = wait(folder)
    assert run.state(folder, known) == "stopped"
    assert known.checkpoints[-1]["step"] == known.evaluated["eval_loss"].steps[-1] == known.step
    assert list((folder / "control").iterdir()) == []


def test_a_run_that_is_made_shorter_ends_as_one_that_was_planned_so(described, tmp_path):
    described["training"].update(schedule="constant", warmup=0, epochs=2)
    _, planned = forge(described, tmp_path / "planned")
    described["training"].update(epochs=4)
    folder = create(described, tmp_path / "runs")
    steps = planned.max_steps
    (folder / "control" / "plan").write_text(json.dumps({"max_steps": steps, "epochs": 2}))
    known = trained(folder)
    assert known.begun["max_steps"] == steps == known.step
    assert curves(known) == curves(planned)
    with pytest.raises(Problem, match="not going on"):
        control.shorten(folder, 1)
    again = trained(folder)  # killed after its last checkpoint: it does not go on to 4 epochs
    assert again.finished["results"]["metrics"] == known.finished["results"]["metrics"]
    assert max(losses(folder / "output")) == steps


@pytest.mark.parametrize(
    ("changes", "epochs", "words"),
    [
        ({"schedule": "constant", "warmup": 0}, 12, "only be made shorter"),
        ({"schedule": "constant", "warmup": 0}, 0.5, "over already"),
        ({"schedule": "linear"}, 2, "cut off the linear schedule"),
        ({"max_steps": 50}, 2, "planned in steps"),
    ],
)
def test_a_run_is_not_made_shorter_where_that_changes_its_steps(changes, epochs, words, described, tmp_path):
    described["training"].update(changes)
    folder = create(described, tmp_path / "runs")
    journal = Journal(folder / "events.jsonl")
    worker = standing_in(folder).pid
    journal.write("started", **{**identity(), "pid": worker, "created": process_start(worker)}, script_sha256="")
    journal.write("begun", from_step=0, max_steps=48, epochs=12, trainable=1, parameters=2)
    journal.write("metrics", step=20, epoch=5, values={"loss": 1.0})
    with pytest.raises(Problem, match=words):
        control.shorten(folder, epochs)
    assert list((folder / "control").iterdir()) == []


def test_a_worker_killed_in_the_middle_resumes_to_the_same_numbers(described, tmp_path):
    _, unbroken = forge(described, tmp_path / "unbroken")
    folder = start(described, tmp_path / "runs")
    wait(folder, until=lambda known: known.step >= 10)
    run.stop(folder, hard=True)
    dead = wait(folder, seconds=3)
    assert run.state(folder, dead) == "died"
    with (folder / "events.jsonl").open("a") as journal:
        journal.write('{"type": "metrics", "step": 99999, "va')  # the line that it was writing

    run.resume(folder)
    known = wait(folder)
    assert known.finished["status"] == "completed"
    assert known.begun["from_step"] >= 4
    assert curves(known)["loss"] == curves(unbroken)["loss"]
    assert known.finished["results"]["metrics"] == unbroken.finished["results"]["metrics"]


def test_a_checkpoint_cut_in_the_middle_is_passed_over(described, tmp_path):
    folder = start(described, tmp_path / "runs")
    wait(folder, until=lambda known: len(known.checkpoints) >= 2)
    run.stop(folder, hard=True)
    wait(folder, seconds=3)
    saved = sorted((folder / "output").glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    whole, newest = [path for path in saved if (path / "trainer_state.json").exists()][-2:]
    weights = newest / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    for later in saved[saved.index(newest) + 1 :]:
        shutil.rmtree(later)
    run.resume(folder)
    known = wait(folder)
    assert known.finished["status"] == "completed", known.failed
    assert known.begun["from_step"] == int(whole.name.split("-")[1])


LAUNCHER = """
import signal, sys, time
from pathlib import Path
from engine import run
signal.signal(signal.SIGHUP, signal.SIG_DFL)
run.launch(Path(sys.argv[1]))
print("launched", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGHUP])
def test_the_program_that_started_it_may_die(blow, described, tmp_path):
    folder = create(described, tmp_path / "runs")
    screen = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(folder)], stdout=subprocess.PIPE, start_new_session=True, cwd=Path.cwd()
    )
    assert screen.stdout.readline() == b"launched\n"
    wait(folder, until=begun)
    os.killpg(screen.pid, blow)
    screen.wait()
    known = wait(folder)
    assert known.finished["status"] == "completed"


def test_the_worker_ignores_a_hangup_of_its_own(described, tmp_path):
    folder = start(described, tmp_path / "runs")
    known = wait(folder, until=begun)
    os.kill(known.started["pid"], signal.SIGHUP)
    assert wait(folder).finished["status"] == "completed"


def test_one_run_is_not_started_twice(described, tmp_path):
    folder = start(described, tmp_path / "runs")
    with pytest.raises(Problem, match="going on already"):
        run.launch(folder)
    with pytest.raises(Problem, match="stop it first"):
        trash.delete(folder.parent, folder)
    second = subprocess.run([sys.executable, "-P", str(run.WORKER), str(folder)], capture_output=True, text=True)
    assert second.returncode == 3
    assert "being trained already" in second.stderr
    run.stop(folder)
    known = wait(folder)
    assert known.skipped == 0
    trash.delete(folder.parent, folder)
    assert not folder.exists()


def test_a_complete_run_is_not_resumed(described, tmp_path):
    described["training"] |= {"max_steps": 4}
    folder, _ = forge(described, tmp_path / "runs")
    with pytest.raises(Problem, match="is complete"):
        run.resume(folder)


def test_a_stopped_run_is_resumed_though_its_worker_is_still_on_its_way_out(described, tmp_path):
    folder = start(described, tmp_path / "runs")
    wait(folder, until=begun)
    run.stop(folder)
    assert wait(folder).finished["status"] == "stopped"
    while is_locked(folder):
        time.sleep(0.02)
    hold = "import fcntl, sys, time; lock = open('worker.lock'); fcntl.flock(lock, fcntl.LOCK_EX); print(); time.sleep(0.5)"
    slow = subprocess.Popen(  # with the command line of this run's worker
        [sys.executable, "-uc", hold, "-P", str(run.WORKER), str(folder)], cwd=folder, stdout=subprocess.PIPE
    )
    assert slow.stdout is not None and slow.stdout.readline()
    run.resume(folder)
    assert slow.wait() == 0
    assert wait(folder).finished["status"] == "completed"


def test_two_templates_over_one_file_train_on_different_rows(llama, tmp_path):
    rows = [{"instruction": f"say {n}", "output": f"it is {n}"} for n in range(30)]
    path, first = write_rows(tmp_path / "rows.jsonl", rows), []
    for template in ("{instruction}", "please {instruction} now"):
        described = values("sft", "full", llama, tmp_path, max_steps=4)
        described["data"] |= {
            "train": str(path),
            "template": template,
            "columns": {"instruction": "instruction", "output": "output"},
        }
        _, known = forge(described, tmp_path / "runs")
        first.append(known.metrics["loss"].values[0])
    assert first[0] != first[1]


def test_an_edited_script_is_what_runs_and_is_marked(described, tmp_path):
    described["training"] |= {"max_steps": 4}
    folder = create(described, tmp_path / "runs")
    script = folder / "train.py"
    assert not run_folder.is_edited(folder)
    script.write_text(script.read_text().replace("MAX_STEPS: int = 4", "MAX_STEPS: int = 2"))
    assert run_folder.is_edited(folder)
    run.launch(folder)
    assert wait(folder).step == 2
    again = run_folder.create(run_folder.load(folder), tmp_path / "runs", script=script.read_text())
    assert run_folder.is_edited(again)
    assert listing(tmp_path / "runs")[0].edited


@pytest.mark.parametrize(
    ("break_it", "code", "words"),
    [
        (lambda text: text.replace('"completion": "completion"', '"completion": "answr"'), "error", "answr"),
        (lambda text: text.replace("def main(", "import no_such_library\n\n\ndef main("), "missing_library", "no_such"),
        (lambda text: text.replace('DEVICE: str = "cpu"', 'DEVICE: str = "cuda"'), "no_gpu", "torch sees none"),
        (lambda text: text.replace("def main(", "def nothing("), "error", "main"),
    ],
)
def test_a_failure_has_help_in_it(break_it, code, words, described, tmp_path):
    folder = create(described, tmp_path / "runs")
    script = folder / "train.py"
    script.write_text(break_it(script.read_text()))
    failed = refused_folder(folder)
    assert run.state(folder, wait(folder)) == "failed"
    assert failed["code"] == code
    assert words in failed["message"]
    assert failed["advice"]
    assert "Traceback" in failed["traceback"]


@pytest.fixture
def small_disk(tmp_path):
    """A disk that is full after a few checkpoints."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1400k", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root only")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_loses_nothing_that_was_saved(described, small_disk):
    described["training"] |= {"keep_checkpoints": 50}
    folder = start(described, small_disk)
    known = wait(folder)
    assert run.state(folder, known) == "failed"
    assert known.failed["code"] == "disk_full"
    assert "free some space" in known.failed["advice"]
    with pytest.raises(OSError, match="No space left"), (small_disk / "rest").open("wb", buffering=0) as rest:
        while rest.write(bytes(4096)):
            pass
    with pytest.raises(Problem, match="the disk of this run is full"):
        run.resume(folder)
    (small_disk / "rest").unlink()
    whole = [path for path in (folder / "output").glob("checkpoint-*") if (path / "trainer_state.json").exists()]
    assert whole
    subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
    run.resume(folder)
    known = wait(folder)
    assert known.finished["status"] == "completed"
    assert known.begun["from_step"] > 0


def test_a_folder_that_is_moved_while_it_trains_is_told_and_resumed_in_its_new_place(described, tmp_path):
    _, unbroken = forge(described, tmp_path / "unbroken")
    folder = start(described, tmp_path / "runs")
    wait(folder, until=lambda known: known.checkpoints)
    moved = folder.rename(tmp_path / "runs" / "moved")
    known = wait(moved)
    assert known.failed["code"] == "folder_lost"
    assert f"it is {moved} now" in known.failed["message"]
    assert not folder.exists()
    run.resume(moved)
    known = wait(moved)
    assert known.finished["status"] == "completed"
    assert known.begun["from_step"] > 0
    assert curves(known)["loss"] == curves(unbroken)["loss"]
    assert known.finished["results"]["metrics"] == unbroken.finished["results"]["metrics"]
    assert not folder.exists()


def test_a_folder_that_is_removed_while_it_trains_does_not_come_back(described, tmp_path):
    described["training"]["epochs"] = 400
    folder = start(described, tmp_path / "runs")
    pid = wait(folder, until=begun).started["pid"]
    shutil.rmtree(folder)
    end = time.monotonic() + 30
    while process_start(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not process_start(pid)
    assert not folder.exists()


def test_a_request_to_stop_that_a_library_swallows_is_made_again(tmp_path):
    script = """
import sys, time
from pathlib import Path
from engine.worker.stopping import Stop, Stopped
stop = Stop(Path(sys.argv[1]))
stop.listen()
try:
    print("ready", flush=True)
    time.sleep(60)
except BaseException:
    pass
try:
    time.sleep(60)
except Stopped:
    stop.end()
    print("stopped", flush=True)
time.sleep(1)
print("last word", flush=True)
"""
    worker = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert worker.stdout.readline() == "ready\n"
    worker.terminate()
    assert worker.stdout.readline() == "stopped\n"
    worker.terminate()
    assert worker.stdout.readline() == "last word\n"
    assert worker.wait() == 0
