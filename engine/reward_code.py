"""The Python file that pays a policy: shown and consented to like any code, and copied beside the script."""

import ast
from pathlib import Path

from engine.code import Code, CodeFile
from engine.config import Run, parse, plain
from engine.document import put
from engine.goals.prefer import PreferRun
from engine.goals.reinforce import ReinforceRun
from engine.goals.rewards import BUILTIN
from engine.local_imports import local_imports, read_code
from engine.problem import Problem, nearest

COPY = "reward.py"
"""What the file is called in the folder of a run."""
IMPORTS = "reward_imports"
"""The folder beside it that holds what it imports from its own folder."""
WHERE = "objective.reward"


def reward_code(run: Run) -> Code | None:
    """Return the file that a run's reward executes with all that it imports from its folder; it is read, never run.

    Raises a Problem if the file is not there or defines no such name.
    """
    if not isinstance(run, ReinforceRun | PreferRun):
        return None
    return code_of(run.objective.reward.get("function", ""))


def code_of(function: str) -> Code | None:
    """Return the file behind `FILE.py:NAME`, None for a rule that comes with the program."""
    file, _, name = function.rpartition(":")
    if file in ("", BUILTIN):
        return None
    path = Path(file).expanduser().resolve()
    try:
        content = read_code(path)
        imported = local_imports(path, content)
        copied = path.parent / IMPORTS  # the file is itself a copy in a run's folder
        if path.name == COPY and copied.is_dir():
            imported = [CodeFile(part.name, part.content) for part in local_imports(copied / COPY, content)]
            imported += _others(copied, {part.name for part in imported})
    except OSError as error:
        advice = "give the path of a Python file and a name in it, as in reward.py:pay"
        raise Problem(f"the reward file {file} can't be read ({error.strerror})", where=WHERE, advice=advice) from None
    known = _names(path, content)
    if name not in known:
        raise Problem(f"{path} has no function '{name}'", where=WHERE, advice=nearest(name, known))
    return Code("reward", str(path), (CodeFile(path.name, content), *imported))


def _others(copied: Path, known: set[str]) -> list[CodeFile]:
    """Return the Python files beside the copied imports: code can import them too. A Problem names any other file."""
    found = []
    for file in sorted(copied.rglob("*")):
        name = file.relative_to(copied).as_posix()
        if file.is_dir() or name in known:
            continue
        if file.suffix != ".py":
            what = "this file is no Python source, and the reward file could load it"
            raise Problem(what, where=str(file), advice="remove it, and start again", code="folder")
        found.append(CodeFile(name, read_code(file)))
    return found


def _names(path: Path, content: bytes) -> list[str]:
    """Return what a file defines or imports at its top; a file that is no Python raises a Problem."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        what = f"{path} is no Python ({getattr(error, 'msg', error)}{line})"
        raise Problem(what, where=WHERE, advice="correct the file") from None
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names += [alias.asname or alias.name for alias in node.names]
    return names


def settle(run: Run, code: Code | None) -> tuple[Run, dict[str, bytes]]:
    """Return the run as its own folder holds it, and the files that belong beside its script: those that were read."""
    if code is None or not isinstance(run, ReinforceRun | PreferRun):
        return run, {}
    main, *imported = code.files
    name = run.objective.reward["function"].rpartition(":")[2]
    values = put(plain(run), WHERE, {"function": f"{COPY}:{name}"})
    values = put(put(values, "objective.reward_sha256", main.sha256), "objective.trust_reward_code", True)
    return parse(values), {COPY: main.content} | {f"{IMPORTS}/{file.name}": file.content for file in imported}


def copied(code: Code, folder: Path) -> Code:
    """Return the code of a reward as it lies in the folder of a run."""
    main, *imported = code.files
    return Code(code.kind, str(folder.resolve() / COPY), (CodeFile(COPY, main.content), *imported))
