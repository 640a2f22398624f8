"""The Python that has the training libraries: this one, `--python PATH`, or TUNEWRIGHT_PYTHON."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.problem import Problem

VARIABLE = "TUNEWRIGHT_PYTHON"
LIBRARIES = ("torch", "transformers", "peft", "trl", "bitsandbytes", "sentence-transformers", "accelerate", "datasets")
OLDEST = (3, 11)  # the worker is started with `python -P`

BASE = ("torch", "transformers", "accelerate", "datasets")
BY_GOAL: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("sft", "pretrain", "prefer", "reward", "reinforce", "distill"), ("trl", "peft")),
    "baseline": ("trl", "sentence-transformers"),
    "classify": ("peft",),
    "embed": ("sentence-transformers",),
}
"""What the scripts of a goal import beside the base, whatever the method; a test holds it against all of them."""
BY_METHOD: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("lora", "ia3", "bottleneck", "prefix", "prompt", "p_tuning"), ("peft",)),
    **dict.fromkeys(("qlora", "lora8"), ("peft", "bitsandbytes")),
    "head": ("sentence-transformers",),
}

# Both questions forget the working directory, so that a folder `torch/` or `json/` of the user's is never imported.
_AWAY = "import sys\nif sys.path[:1] == ['']: del sys.path[0]\n"
_VERSIONS = (
    _AWAY
    + """import json
from importlib.metadata import PackageNotFoundError, version
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = version(name) or ""
    except PackageNotFoundError:
        pass
print(json.dumps({"release": list(sys.version_info[:3]), "versions": found}))
"""
)
_TORCH = (
    _AWAY
    + """import json, warnings
import torch
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    available = torch.cuda.is_available()
print(json.dumps({"version": torch.__version__, "cuda": torch.version.cuda, "cuda_available": available,
    "arch_list": torch.cuda.get_arch_list(), "problem": " ".join(str(w.message) for w in said)}))
"""
)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python and the versions of the training libraries in it; missing libraries are absent."""

    python: str
    versions: dict[str, str]
    release: str = ""
    flash_attn: str = ""

    @property
    def own(self) -> bool:
        """Say whether this program itself runs in that Python."""
        return self.python == sys.executable


@dataclass(frozen=True, slots=True)
class TorchFacts:
    """What torch says of itself; `problem` is why it cannot be imported, or why it sees no card."""

    version: str
    cuda: str | None
    arch_list: tuple[str, ...]
    cuda_available: bool
    problem: str = ""


def interpreter(python: str | None = None) -> Interpreter:
    """Find the Python and read its libraries' versions without importing them; a Problem if it cannot be used."""
    wanted = python or os.environ.get(VARIABLE)
    where = "--python" if python else VARIABLE
    path = _locate(wanted, where) if wanted else sys.executable
    names = (*LIBRARIES, "liger-kernel", "flash-attn", "rensa")
    answer = _own_versions(names) if path == sys.executable else _ask(path, _VERSIONS, names, where)
    release = tuple(answer["release"])
    if release < OLDEST:
        need = ".".join(map(str, OLDEST))
        what = f"this is Python {'.'.join(map(str, release))}, and a training needs {need} or newer"
        raise Problem(what, where=path, advice=f"make an environment with Python {need}", code="python_old")
    versions = dict(answer["versions"])
    return Interpreter(path, versions, ".".join(map(str, release)), versions.pop("flash-attn", ""))


def missing(i: Interpreter, goal: str, method: str, kernel: str = "", drop: Iterable[str] = ()) -> list[str]:
    """Return the libraries that a run with these choices (and these checks whose rows go) needs and Python lacks."""
    own = ("liger-kernel",) if kernel == "liger" else ()
    near = ("rensa",) if any(code.startswith("near_") for code in drop) else ()
    needed = (*BASE, *BY_GOAL.get(goal, ()), *BY_METHOD.get(method, ()), *own, *near)
    return [name for name in dict.fromkeys(needed) if name not in i.versions]


def outdated(i: Interpreter) -> dict[str, str]:
    """Return {library: oldest version that tunewright is made for} for those that are older."""
    return {name: least for name, least in _least().items() if name in i.versions and _older(i.versions[name], least)}


def torch_facts(i: Interpreter) -> TorchFacts:
    """Import torch in that Python, in a process of its own, and ask what it was built for; takes seconds."""
    version = i.versions.get("torch", "")
    if not version:
        return TorchFacts("", None, (), False, "torch is not installed")
    try:
        answer = _ask(i.python, _TORCH, (), i.python, seconds=180)
    except Problem as problem:
        return TorchFacts(version, None, (), False, problem.what)
    return TorchFacts(**{**answer, "arch_list": tuple(answer["arch_list"])})


def _locate(wanted: str, where: str) -> str:
    """Return the absolute path of a Python given as path, command or environment folder, symbolic links kept."""
    path = Path(wanted).expanduser()
    for inside in ("bin/python", "bin/python3"):
        if path.is_dir() and (path / inside).exists():
            return str((path / inside).absolute())
    found = shutil.which(str(path))
    if found is None:
        advice = "name the python of an environment, such as ~/miniconda3/envs/train/bin/python, or its folder"
        raise Problem(f"'{wanted}' is no Python that can be run", where=where, advice=advice, code="python_missing")
    return str(Path(found).absolute())


def _own_versions(names: tuple[str, ...]) -> dict[str, Any]:
    from importlib.metadata import PackageNotFoundError, version

    versions: dict[str, str] = {}
    for name in names:
        try:
            versions[name] = version(name) or ""
        except PackageNotFoundError:
            continue
    return {"release": sys.version_info[:3], "versions": versions}


def _ask(python: str, question: str, arguments: tuple[str, ...], where: str, seconds: float = 30) -> dict[str, Any]:
    """Run a small script there and return the JSON of its last line; whatever prints before it is ignored."""
    advice = "see whether it starts by itself, or name another with --python"
    try:
        done = subprocess.run(
            [python, "-c", question, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        what = f"{python} did not answer within {seconds:.0f} seconds"
        raise Problem(what, where=where, advice=advice, code="python_slow") from error
    except OSError as error:
        what = f"{python} cannot be run ({error.strerror})"
        raise Problem(what, where=where, advice=advice, code="python_broken") from error
    answer = _last_json(done.stdout)
    if answer is None:
        reason = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        what = f"{python} cannot be used ({reason})"
        raise Problem(what, where=where, advice=advice, code="python_broken")
    return answer


def _last_json(text: str) -> dict[str, Any] | None:
    try:
        answer = json.loads((text.strip().splitlines() or [""])[-1])
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _least() -> Mapping[str, str]:
    """Return the oldest version of each library in the ranges that this program was installed with."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        ranges = [entry for entry in requires("tunewright") or () if re.search(r"extra\s*==\s*['\"]train['\"]", entry)]
    except PackageNotFoundError:
        return {}
    found = (re.match(r"([A-Za-z0-9-]+).*?>=\s*([\d.]+)", entry) for entry in ranges)
    return {match[1]: match[2] for match in found if match}


def _older(version: str, least: str) -> bool:
    have, need = ([int(part) for part in re.findall(r"\d+", text.partition("+")[0])] for text in (version, least))
    return have < need
