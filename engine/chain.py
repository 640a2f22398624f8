"""Chains of runs: a run file may begin `from:` an earlier run, and its model is what that run made."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine import roots, run_folder
from engine import run as runs
from engine.adapters import DESCRIPTION
from engine.problem import Problem, nearest

WRITERS = frozenset({"sft", "pretrain", "prefer", "reinforce", "distill"})
"""Goals whose result writes text, so that any goal may begin from it."""
STAMP = re.compile(r"-\d{8}-\d{6}(-\d+)?")
RESULT = Path("output") / "model"
OF_THE_MODEL = ("id", "kind", "weights", "origin")
"""What a run says of its model that is no longer true of another one."""


def begun_from(
    values: Mapping[str, Any], file: Path, where: str, root: Path | None = None, assignments: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the values with `from: RUN` replaced by that run's model, and its name as the model's origin.

    RUN is the path of a run's folder (from the run file's own on), its name below `root` (by default where runs lie),
    or what the name begins with: then the newest of these runs is taken, so that run files one after the other repeat
    a whole chain. Where it comes from `--set from=RUN`, the model that the file names gives way.
    """
    name, model = values["from"], values.get("model") or {}
    if any(assignment.startswith("from=") for assignment in assignments) and isinstance(model, Mapping):
        model = {key: value for key, value in model.items() if key not in OF_THE_MODEL}
    if not isinstance(model, Mapping) or "id" in model:
        advice = "leave one of them out"
        raise Problem("'from' and 'model.id' both say which model is trained", where=where, advice=advice)
    if not isinstance(name, str) or not name.strip():
        raise Problem("'from' names no run", where=where, advice="write it as from: RUN, as tunewright runs lists them")
    folder = find(name.strip(), file.resolve().parent, roots.root(root), where)
    begun = {"id": str(result(folder, str(values.get("goal", "")), where)), "origin": folder.name}
    return {key: value for key, value in values.items() if key != "from"} | {"model": {**model, **begun}}


def find(name: str, base: Path, root: Path, where: str) -> Path:
    """Return the folder of the run that a name means; a Problem names the nearest one."""
    for folder in (base / Path(name).expanduser(), root / name):
        if (folder / "run.yaml").is_file():
            return folder.resolve()
    known = run_folder.folders(root)
    alike = [folder for folder in known if STAMP.fullmatch(folder.name.removeprefix(name)) and folder.name != name]
    if alike:
        done = [folder for folder in alike if has_model(folder)] or alike
        return max(done, key=lambda folder: ((folder / "run.yaml").stat().st_mtime_ns, folder.name)).resolve()
    names = [*(folder.name for folder in known), *dict.fromkeys(_prefixes(known))]
    advice = nearest(name, names) if names else "train that run first, or name the folder of runs with --runs"
    raise Problem(f"there is no run '{name}' to begin from (looked in {root})", where=where, advice=advice, code="from")


def _prefixes(folders: list[Path]) -> Iterator[str]:
    for folder in folders:
        stamp = STAMP.search(folder.name)
        if stamp:
            yield folder.name[: stamp.start()]


def has_model(folder: Path) -> bool:
    """Return whether a run is complete and its model lies where it was saved."""
    saved = any((folder / RESULT / name).is_file() for name in ("config.json", DESCRIPTION))
    return saved and runs.state(folder, runs.history(folder)) == "completed"


def result(folder: Path, goal: str, where: str) -> Path:
    """Return the folder of a run's model; a Problem when it has none yet, or none for this goal."""
    made = run_folder.load(folder).goal
    if not has_model(folder):
        state = runs.state(folder, runs.history(folder))
        if state == "completed":
            what = f"the run '{folder.name}' left no model in {folder / RESULT}"
            advice = "take another run" if made == "baseline" else "repeat it, or take another run"
        else:
            what, advice = f"the run '{folder.name}' is {state} and has no model yet", _onward(folder.name, state)
        raise Problem(what, where=where, advice=advice, code="from")
    if made not in WRITERS and goal and goal != made:
        what = f"the run '{folder.name}' has the goal {made}: its model can't be the base of {goal}"
        advice = "name it in objective.reward" if made == "reward" else "begin from a run that writes text, such as sft"
        raise Problem(what, where=where, advice=advice, code="from")
    return folder / RESULT


def _onward(name: str, state: str) -> str:
    going = state in runs.GOING
    return f"wait for it: tunewright watch {name}" if going else f"go on with it: tunewright resume {name}"
