"""What a forged log, a foreign lock or a foreign process can do to the processes of this user: nothing."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import liveness, run, trash
from engine.liveness import boot_id, process_start
from engine.problem import Problem
from tests.commands import until
from tests.tui.journals import RunFolder, standing_in


@pytest.fixture
def victim() -> Iterator["subprocess.Popen[bytes]"]:
    """Some other process of this user, in a group of its own, with a child."""
    process = subprocess.Popen(["sh", "-c", "sleep 600 & echo $!; wait"], process_group=0, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def forged(root: Path, **started: Any) -> Path:
    """A run whose log says that this process trains it."""
    folder = RunFolder(root, "forged").path
    told = {"type": "started", "time": time.time(), "host": socket.gethostname(), "boot_id": boot_id(), **started}
    (folder / "events.jsonl").write_text(json.dumps(told) + "\n")
    return folder


def unharmed(process: "subprocess.Popen[bytes]") -> bool:
    """Whether a process still runs, neither ended nor held."""
    time.sleep(0.1)
    letter = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return process.poll() is None and letter in "SR" and len(liveness.below(process.pid)) == 1


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("command", [{}, {"command": ["python"]}])
def test_a_log_that_names_another_process_of_this_user_stops_nothing(tmp_path, victim, hard, command):
    folder = forged(tmp_path, pid=victim.pid, created=process_start(victim.pid), **command)
    assert run.state(folder, run.history(folder)) == "died"
    with pytest.raises(Problem, match="not going on"):
        run.stop(folder, hard=hard)
    assert unharmed(victim)


@pytest.mark.parametrize("pid", ["-group", 0, 1, -1, True, 1.5, "7", None, 2**31, 2**63, [1], {}])
def test_a_log_that_names_no_process_at_all_stops_nothing(tmp_path, victim, pid):
    named = -victim.pid if pid == "-group" else pid
    started = {"pid": named, "created": process_start(victim.pid), "host": socket.gethostname(), "boot_id": boot_id()}
    folder = forged(tmp_path, **started)
    with pytest.raises(Problem, match="not going on"):
        run.stop(folder, hard=True)
    assert not liveness.signal_run(folder, started, signal.SIGKILL)
    assert unharmed(victim)


def test_the_worker_of_another_run_is_not_stopped(tmp_path):
    other = RunFolder(tmp_path, "other")
    with standing_in(other.path) as worker:
        folder = forged(tmp_path, pid=worker.pid, created=process_start(worker.pid))
        with pytest.raises(Problem, match="not going on"):
            run.stop(folder, hard=True)
        assert worker.poll() is None
        worker.kill()


@pytest.mark.parametrize("wrong", [{"created": 7}, {"boot_id": "of yesterday"}, {"boot_id": ""}, {"created": None}])
def test_start_and_boot_have_to_fit_as_well(tmp_path, wrong):
    folder = RunFolder(tmp_path, "forged").path
    with standing_in(folder) as worker:
        right = {"pid": worker.pid, "created": process_start(worker.pid), "boot_id": boot_id()}
        right["host"] = socket.gethostname()
        assert liveness.fits(folder, right)
        assert not liveness.fits(folder, {**right, **wrong})
        assert not liveness.signal_run(folder, {**right, **wrong}, signal.SIGKILL)
        assert worker.poll() is None
        assert liveness.signal_run(folder, right, signal.SIGKILL)
        assert worker.wait() == -signal.SIGKILL


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start a process of another user")
def test_a_process_of_another_user_is_asked_by_a_file(tmp_path):
    folder = RunFolder(tmp_path, "forged").path
    command = ["sh", "-c", "read _", "-P", str(run.WORKER), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, user=65534) as worker:
        forge = {"pid": worker.pid, "created": process_start(worker.pid), "time": time.time()}
        told = {"type": "started", "host": socket.gethostname(), "boot_id": boot_id(), **forge}
        (folder / "events.jsonl").write_text(json.dumps(told) + "\n")
        until(lambda: liveness.works_on(worker.pid, folder))
        run.stop(folder, hard=True)
        assert worker.poll() is None and (folder / "control" / "stop").is_file()
        worker.kill()


def test_a_process_that_is_no_longer_the_one_that_was_meant_is_not_signaled(victim):
    looked = []

    def changed() -> bool:
        looked.append(process_start(victim.pid))
        return False

    assert not liveness.send(victim.pid, signal.SIGKILL, changed)
    assert looked and unharmed(victim)


def test_without_process_handles_it_is_looked_at_all_the_same(victim, monkeypatch):
    monkeypatch.delattr(os, "pidfd_open")
    assert not liveness.send(victim.pid, signal.SIGKILL, lambda: False)
    assert unharmed(victim)
    with subprocess.Popen(["sleep", "600"]) as other:
        assert liveness.send(other.pid, signal.SIGKILL, lambda: True)


LOCK = "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); time.sleep(600)"


def test_a_lock_that_some_other_process_holds_is_no_run(tmp_path):
    """Anybody who may read the file can lock it: the run would look as if it went on, for ever."""
    folder = RunFolder(tmp_path, "locked").path
    with subprocess.Popen([sys.executable, "-c", LOCK, folder / "worker.lock"], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        assert not liveness.is_locked(folder)
        assert run.state(folder, run.history(folder)) == "created"
        with pytest.raises(Problem, match="not going on"):
            run.stop(folder)
        assert trash.delete(tmp_path, folder).is_dir()
        holder.kill()


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_a_lock_that_is_no_file_is_no_run_and_nobody_waits_for_it(tmp_path, kind):
    folder = RunFolder(tmp_path, "odd").path
    lock = folder / "worker.lock"
    if kind == "pipe":
        os.mkfifo(lock)
    elif kind == "link":
        lock.symlink_to("/dev/tty")
    else:
        lock.mkdir()
    assert not liveness.is_locked(folder)
    assert run.state(folder, run.history(folder)) == "created"


def test_a_request_is_not_written_through_a_link(tmp_path):
    (tmp_path / "precious").mkdir()
    folder = RunFolder(tmp_path, "linked").start(host="elsewhere", at=time.time() - 1_795_000_000).path
    (folder / "control").rmdir()
    (folder / "control").symlink_to(tmp_path / "precious")
    with pytest.raises(Problem, match="the request can't be written"):
        run.stop(folder)
    assert not list((tmp_path / "precious").iterdir())


def test_killing_below_a_process_takes_the_whole_tree_and_nothing_else(victim):
    tree = subprocess.Popen(["sh", "-c", "sh -c 'sleep 600 & wait' & sleep 600 & wait"], process_group=0)
    until(lambda: len(liveness.below(tree.pid)) == 3)
    below = [pid for pid, _ in liveness.below(tree.pid)]
    liveness.kill_below(tree.pid)
    tree.kill()
    tree.wait()
    until(lambda: all(process_start(pid) is None for pid in below))
    assert unharmed(victim)


def test_a_worker_is_known_by_its_folder_also_when_that_was_renamed(tmp_path):
    folder = RunFolder(tmp_path, "before").path
    command = ["sh", "-c", "read _", "-P", str(run.WORKER), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=folder) as worker:
        folder = folder.rename(tmp_path / "after")
        until(lambda: liveness.works_on(worker.pid, folder))
        assert not liveness.works_on(worker.pid, tmp_path)
        worker.kill()
