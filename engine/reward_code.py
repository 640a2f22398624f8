"""The Python file that pays a policy: shown and consented to like any code, and copied beside the script."""

import ast
import hashlib
from dataclasses import dataclass
from pathlib import Path

from engine.config import Run, parse, plain
from engine.document import put
from engine.goals.prefer import PreferRun
from engine.goals.reinforce import ReinforceRun
from engine.goals.rewards import BUILTIN
from engine.problem import Problem, nearest

COPY = "reward.py"
"""What the file is called in the folder of a run."""
WHERE = "objective.reward"


@dataclass(frozen=True, slots=True)
class RewardCode:
    """A file of the user's that a run executes: where it lies, what is called in it, its text and its hash."""

    path: Path
    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file, in hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def text(self) -> str:
        """The file as text."""
        return self.content.decode("utf-8", "replace")


def reward_code(run: Run) -> RewardCode | None:
    """Return the file that a run's reward executes, None if it executes none; it is read, never run.

    Raises a Problem if the file is not there or defines no such name.
    """
    if not isinstance(run, ReinforceRun | PreferRun):
        return None
    file, _, name = run.objective.reward.get("function", "").rpartition(":")
    if file in ("", BUILTIN):
        return None
    try:
        content = Path(file).expanduser().read_bytes()
    except OSError as error:
        advice = "give the path of a Python file and a name in it, as in reward.py:pay"
        raise Problem(f"the reward file {file} can't be read ({error.strerror})", where=WHERE, advice=advice) from None
    code = RewardCode(Path(file).expanduser().absolute(), name, content)
    known = _names(code)
    if name not in known:
        raise Problem(f"{code.path} has no function '{name}'", where=WHERE, advice=nearest(name, known))
    return code


def _names(code: RewardCode) -> list[str]:
    """Return what a file defines or imports at its top; a file that is no Python raises a Problem."""
    try:
        tree = ast.parse(code.content)
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        what = f"{code.path} is no Python ({getattr(error, 'msg', error)}{line})"
        raise Problem(what, where=WHERE, advice="correct the file") from None
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names += [alias.asname or alias.name for alias in node.names]
    return names


def settle(run: Run) -> tuple[Run, dict[str, bytes]]:
    """Return the run as its own folder holds it, and the files that belong beside its script.

    Raises a Problem if the run would execute code that nobody has consented to, or code that was changed since.
    """
    code = reward_code(run)
    if code is None or not isinstance(run, ReinforceRun | PreferRun):
        return run, {}
    if not run.objective.trust_reward_code:
        advice = "read the file, then allow it with objective.trust_reward_code=true (--set on the command line)"
        what = f"the reward is Python code that would run here: {code.path} (sha256 {code.sha256})"
        raise Problem(what, where="objective.trust_reward_code", advice=advice, code="reward-code")
    if run.objective.reward_sha256 not in ("", code.sha256):
        advice = "read it again, then empty objective.reward_sha256"
        what = f"{code.path} was changed since it was trusted (its sha256 is {code.sha256} now)"
        raise Problem(what, where="objective.reward_sha256", advice=advice, code="reward-code")
    values = put(plain(run), WHERE, {"function": f"{COPY}:{code.name}"})
    return parse(put(values, "objective.reward_sha256", code.sha256)), {COPY: code.content}
