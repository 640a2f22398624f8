"""A worker that waits with its libraries loaded: it saves the wait, and is never left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from engine import document, run
from engine.warm import Warm
from tests.training import create, values, wait

pytestmark = pytest.mark.slow


@pytest.fixture
def described(llama, tmp_path):
    return values("sft", "full", llama, tmp_path, max_steps=4)


def test_a_warm_worker_becomes_the_runs_own(described, tmp_path):
    folder = create(described, tmp_path / "runs")
    warm = Warm(document.check(described))
    assert warm.suits(document.check(described))
    described["launch"] = {"device": "cuda", "devices": ["GPU-1"]}
    assert not warm.suits(document.check(described))
    assert warm.begin(folder)
    known = wait(folder)
    assert known.finished["status"] == "completed"
    assert known.started["pid"] == warm._process.pid
    assert "data ..." in (folder / "log.txt").read_text()
    assert not warm._place.exists()
    assert not warm.suits(document.check(described))


def test_a_warm_worker_that_died_is_not_used(described, tmp_path):
    folder = create(described, tmp_path / "runs")
    warm = Warm(document.check(described))
    warm._process.kill()
    warm._process.wait()
    assert not warm.suits(document.check(described))
    assert not warm.begin(folder)
    assert run.state(folder, run.history(folder)) == "created"


SCREEN = """
import sys, time
from pathlib import Path
from engine import document
from engine.warm import Warm
warm = Warm(document.load(Path(sys.argv[1])))
print(warm._process.pid, flush=True)
time.sleep(600)
"""


def test_a_warm_worker_ends_with_the_program_that_wanted_it(described, tmp_path):
    folder = create(described, tmp_path / "runs")
    screen = subprocess.Popen(
        [sys.executable, "-c", SCREEN, str(folder / "run.yaml")], stdout=subprocess.PIPE, cwd=Path.cwd()
    )
    waiting = int(screen.stdout.readline())
    os.kill(screen.pid, signal.SIGKILL)
    screen.wait()
    end = time.monotonic() + 60
    while psutil.pid_exists(waiting) and time.monotonic() < end:
        time.sleep(0.1)
    assert not psutil.pid_exists(waiting)
