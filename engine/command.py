"""Any command as a run: written into a folder of its own, started in a session of its own, watched like a training."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.problem import Problem
from engine.run import WORKER, first_word
from engine.run_folder import COMMAND, new_folder
from engine.safe_files import open_to_append, read_json

NO_NAMES = ("python", "python3", "accelerate", "torchrun", "uv", "deepspeed", "sh", "bash", "env")
"""First words that say how a command runs, and not what."""


def create(command: Sequence[str], runs: Path, cwd: Path | None = None) -> Path:
    """Write the folder of a command's run (mode 0700) and return it."""
    if not command:
        advice = "name it after two dashes: tunewright watch -- python train.py"
        raise Problem("there is no command to watch", advice=advice, code="usage")
    if shutil.which(command[0]) is None:
        raise Problem("there is no such command", where=command[0], advice="see how it is spelled, or give its path")
    described = {"command": list(command), "cwd": str(cwd or Path.cwd())}
    with new_folder(runs, name_of(command)) as folder:
        (folder / "control").mkdir()
        (folder / COMMAND).write_text(json.dumps(described, indent=2) + "\n", "utf-8", "surrogateescape")
    return folder


def name_of(command: Sequence[str]) -> str:
    """Return a name for a command's runs: that of its script or its module."""
    words = [Path(word) for word in command if not word.startswith("-")] or [Path(command[0])]
    script = next((word for word in words if word.suffix in (".py", ".sh")), None)
    if script is None:
        script = next((word for word in words if not word.name.startswith(NO_NAMES)), words[0])
    kept = "".join(sign if sign.isalnum() or sign in "._-" else "-" for sign in script.stem)
    return kept.strip(".-")[:60] or "run"


def launch(folder: Path) -> None:
    """Start the command of a folder; closing the terminal, or this program, does nothing to it."""
    with open_to_append(folder / "log.txt") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-P", str(WORKER), "--keep", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
            env=dict(os.environ),
        )
    first_word(keeper, folder, 0)


def described(folder: Path) -> list[str] | None:
    """Return the command of a run that is one, otherwise None."""
    try:
        told: Any = read_json(folder / COMMAND)
    except (OSError, ValueError):
        return None
    words = told.get("command") if isinstance(told, dict) else None
    return [str(word) for word in words] if isinstance(words, list) and words else None
