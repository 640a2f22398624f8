"""Whose code may run: a run file only asks; this user agrees, once for each path and hash."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import user_state
from engine.code import Code
from engine.config import Run
from engine.model_code import model_code
from engine.own_runs import foreign_script, is_own, refuse_others_folder
from engine.problem import Problem
from engine.reward_code import COPY, reward_code

CONSENT = "consent"
MODEL_CODE = "TUNEWRIGHT_MODEL_CODE"
"""What tells a worker which files of models it may execute; engine/worker/model_code.py reads it."""
ADVICE = "read it, then repeat the command with --trust, or start it from the full screen"


class ConsentNeeded(Problem):
    """Code would run that this user has not agreed to; `codes` holds it, with all its files as they were read."""

    def __init__(self, codes: Sequence[Code]) -> None:
        """Name every piece of code with its path and hash."""
        self.codes = tuple(codes)
        what = f"this would run code that you have not agreed to: {'; '.join(code.described for code in codes)}"
        super().__init__(what, advice=ADVICE, code="consent")


@dataclass(frozen=True, slots=True)
class Agreed:
    """The code of a run as it was when this user's consent was looked up: what is executed must be these very bytes."""

    reward: Code | None
    model: tuple[Code, ...]

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the variables that let a worker execute these files of models and no others."""
        if not self.model:
            return {MODEL_CODE: "none"}
        hashes = {file.sha256 for code in self.model for file in code.files}
        names = "any" if any(not code.files for code in self.model) else ",".join(sorted(hashes))
        return {MODEL_CODE: names, "HF_MODULES_CACHE": str(folder / ".model_code")}


def agreed(run: Run) -> Agreed:
    """Return the code that a run executes; raise ConsentNeeded unless this user has agreed to all of it."""
    found = Agreed(reward_code(run), tuple(model_code(run)))
    require(code for code in (found.reward, *found.model) if code is not None)
    return found


def before_launch(folder: Path, run: Run) -> dict[str, str]:
    """Return the environment in which a run's folder may be executed.

    Raises ConsentNeeded unless its script is this user's own, and all code that it runs is agreed to, as it is now.
    """
    script, found = foreign_script(folder), Agreed(reward_code(run), tuple(model_code(run)))
    if script is not None:
        refuse_others_folder(folder)
    elif not is_own(folder):
        _refuse_other_reward(folder, found.reward)
    require(code for code in (script, found.reward, *found.model) if code is not None)
    return found.environment(folder)


def _refuse_other_reward(folder: Path, named: Code | None) -> None:
    """Raise a Problem where a folder that came from elsewhere holds reward code other than its run file names."""
    file = folder.resolve() / COPY
    if file.exists() and (named is None or Path(named.path) != file):
        what = "the script of this folder executes this file, and its run.yaml does not name it"
        raise Problem(what, where=str(file), advice="repeat the run from its run.yaml", code="folder")


def require(codes: Iterable[Code]) -> None:
    """Raise ConsentNeeded unless this user has agreed to every one of these, as it is now."""
    wanted = list(codes)
    if not wanted:
        return
    known = {_key(record) for record in user_state.records() if record.get("type") == CONSENT}
    missing = [code for code in wanted if _key(_record(code)) not in known]
    if missing:
        raise ConsentNeeded(missing)


def agree(codes: Iterable[Code]) -> None:
    """Remember that this user has agreed to these, as they are now."""
    user_state.append(*(_record(code) for code in codes))


def _record(code: Code) -> dict[str, Any]:
    return {"type": CONSENT, "kind": code.kind, "path": code.path, "sha256": code.sha256}


def _key(record: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(str(record.get(name)) for name in ("kind", "path", "sha256"))
