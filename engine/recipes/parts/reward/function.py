"""A Python function of your own as the reward: it lies in the file beside this script."""

import hashlib
import inspect
import math
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from engine.recipes.parts.questions import Question

REWARD: dict[str, str] = {"function": "reward.py:reward"}  # a file, from this script's own folder, and the name in it
REWARD_SHA256: str = ""  # the file's SHA-256 when it was trusted; empty: any


def reward_file() -> Path:
    """Return the file of the reward; one that was changed since it was trusted is refused."""
    path = Path(__file__).resolve().parent / REWARD["function"].rpartition(":")[0]
    if not path.is_file():
        raise ValueError(f"there is no reward file {path}: it belongs beside this script, or correct objective.reward")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if REWARD_SHA256 not in ("", digest):
        raise ValueError(
            f"the reward file {path} was changed since it was trusted: start a new run with it, or put {digest} "
            "into REWARD_SHA256"
        )
    return path


def line_of(error: BaseException, path: Path) -> str:
    """Return in which line of a file an error was raised, with the line itself; nothing if it was elsewhere."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f" in line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f" in line {frames[-1].lineno} ({frames[-1].line})" if frames else ""


def attempt(act: Callable[[], Any], path: Path, what: str) -> Any:
    """Return what `act()` gives; if code of the file raises, say so in one sentence with its line."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - whatever code of others raises
        said = f"the reward file {path.name} {what}{line_of(error, path)}: {type(error).__name__}: {error}"
    raise ValueError(f"{said}; correct the file and start again")


def reward_function() -> Callable[..., Any]:
    """Return the function, loaded once."""
    path, name = reward_file(), REWARD["function"].rpartition(":")[2]
    known = "reward_" + hashlib.sha256(str(path).encode()).hexdigest()[:12]
    if known not in sys.modules:
        spec = spec_from_file_location(known, path)
        if spec is None or spec.loader is None:
            raise ValueError(f"the reward file {path} is no Python file")
        copied = path.parent / "reward_imports"
        sys.path.append(str(copied if copied.is_dir() else path.parent))  # where it finds what it imports itself
        sys.dont_write_bytecode = True  # what lies beside the file is what was agreed to, and no more
        module, loader = module_from_spec(spec), spec.loader
        attempt(lambda: loader.exec_module(module), path, "can't be loaded: it fails")
        sys.modules[known] = module
    if name not in vars(sys.modules[known]):
        raise ValueError(f"the reward file {path.name} has no function '{name}': correct objective.reward")
    function: Callable[..., Any] = vars(sys.modules[known])[name]
    return function


def columns_for(function: Callable[..., Any], asked: Sequence[Question]) -> dict[str, list[Any]]:
    """Return the columns that a function takes: all with **columns, otherwise those that it names."""
    every = {name: [one.columns.get(name) for one in asked] for name in asked[0].columns}
    parameters = list(inspect.signature(function).parameters.values())
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return every
    named = {parameter.name: parameter.default is inspect.Parameter.empty for parameter in parameters[2:]}
    if missing := [name for name, needed in named.items() if needed and name not in every]:
        raise ValueError(
            f"the reward {REWARD['function']} wants the column '{missing[0]}', and the rows have "
            f"{', '.join(every) or 'none beside the prompt'}: correct data.columns or the function"
        )
    return {name: every[name] for name in named if name in every}


def paid(function: Callable[..., Any], asked: Sequence[Question], answers: Sequence[str]) -> list[float]:
    """Return one finite number for every answer, or say what the function gave instead."""
    name, columns = REWARD["function"], columns_for(function, asked)
    prompts = [one.text for one in asked]
    given = attempt(lambda: function(prompts, list(answers), **columns), reward_file(), "fails")
    if isinstance(given, str | bytes | dict) or not hasattr(given, "__iter__"):
        raise ValueError(f"the reward {name} gave {given!r:.80}: it must give a list with a number for every answer")
    values = list(given)
    if len(values) != len(answers):
        raise ValueError(f"the reward {name} gave {len(values)} numbers for {len(answers)} answers: one each is needed")
    try:
        numbers = [math.nan if isinstance(value, str) else float(value) for value in values]
    except (TypeError, ValueError):
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"the reward {name} gave {str(values)[:80]}: every one must be a finite number")
    return numbers


def check_reward(asked: Sequence[Question]) -> None:
    """Try the function on two answers, one of them empty, before any weights are loaded."""
    paid(reward_function(), [asked[0], asked[-1]], ["", "This is an answer."])


def load_reward() -> Callable[[Sequence[Question], Sequence[str]], list[float]]:
    """Return what pays for answers."""
    function = reward_function()
    return lambda asked, answers: paid(function, asked, answers)
