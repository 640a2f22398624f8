"""Scripts of many runs put into their form by one call of ruff for each step, as `engine.script` does it for one."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from ruff import find_ruff_bin

from engine import script, script_form
from engine.config import Run


def assembled(runs: Iterable[Run], folder: Path, *, specialized: bool = True) -> list[str]:
    """Return the script of each run; what ruff finds in any of them fails, with its name and line."""
    files = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script, "formatted", lambda text: text)
        for number, run in enumerate(runs):
            files.append(folder / f"{number}.py")
            files[-1].write_text(script.assemble(run, specialized=specialized), "utf-8")
    for step in script_form.FORM:
        done = subprocess.run([find_ruff_bin(), *step, *script_form.STYLE, "--no-cache", folder], capture_output=True)
        assert done.returncode == 0, done.stdout.decode()
    return [file.read_text("utf-8") for file in files]
