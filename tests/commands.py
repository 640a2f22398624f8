"""The command line as a person or a program uses it: a process of its own, in a folder of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import facts, loaded, tiny, training

PROGRAM = [sys.executable, "-m", "tui.cli"]
HELD = "import time\n\nprint('held')\ntime.sleep(600)\n"
"""A script that trains nothing and ends only when it is told to; its worker needs no training library."""


def tunewright(*words: str | Path, cwd: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run one command to its end."""
    return subprocess.run(
        [*PROGRAM, *map(str, words)], cwd=cwd, env=clean(environ), capture_output=True, text=True, timeout=280
    )


def begun(*words: str | Path, cwd: Path) -> "subprocess.Popen[str]":
    """Start one command that goes on for a while."""
    return subprocess.Popen(
        [*PROGRAM, *map(str, words)],
        cwd=cwd,
        env=clean({}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # as in a terminal, whatever started the tests
    )


def clean(environ: dict[str, str]) -> dict[str, str]:
    """The environment without what a developer may have set for tunewright."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TUNEWRIGHT") or loaded.stands_in(value)
    }
    return {**kept, "HF_HUB_OFFLINE": "1", **environ}


def values(*words: str | Path, cwd: Path, **environ: str) -> Any:
    """What a command prints with --json; it has to succeed and to print nothing else."""
    done = tunewright(*words, "--json", cwd=cwd, **environ)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def complaint(*words: str | Path, cwd: Path, status: int, **environ: str) -> str:
    """What a command that goes wrong says on stderr; stdout stays empty, and no traceback is shown."""
    done = tunewright(*words, cwd=cwd, **environ)
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


def project(folder: Path) -> Path:
    """A folder with a model of which there is only the description, rows, and a sparse run file for them."""
    facts.model(folder / "base", facts.QWEN_HALF_B, chat=True)
    tiny.write_rows(folder / "talks.jsonl", tiny.talks(200))
    tiny.write_rows(folder / "pairs.jsonl", tiny.pairs(200))
    (folder / "run.yaml").write_text(
        "goal: sft\nmodel: {id: base}\ndata: {train: talks.jsonl}\nmethod: {kind: lora}\ntraining: {epochs: 2}\n"
    )
    return folder


def scripted(folder: Path, script: str) -> Path:
    """The folder of a run whose script somebody edited by hand to `script`; repeating it runs that script."""
    model = facts.model(folder / "base", facts.QWEN_HALF_B).folder
    assert model is not None
    run = training.create(training.values("sft", "lora", model, folder), folder / "first")
    (run / "train.py").write_text(script)
    return run


def shown(cwd: Path) -> dict[str, Any]:
    """What `show` says of the newest run in `cwd`."""
    report: dict[str, Any] = values("show", newest(cwd), cwd=cwd)
    return report


def newest(cwd: Path) -> str:
    """The name of the newest run in `cwd`."""
    return max((path for path in (cwd / "runs").glob("*-*")), key=lambda path: path.stat().st_mtime_ns).name


def holds(cwd: Path) -> None:
    """Wait until the script of a run in `cwd` is being executed."""
    until(lambda: any("held" in log.read_text() for log in (cwd / "runs").glob("*/log.txt")))


def until(true: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait until something is true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come true in time")
