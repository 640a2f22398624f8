"""Run descriptions on paper: YAML in and out, with errors that name file, line, key and the nearest right name."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from engine.config import RUN_TYPES, VERSION, Run, parse, plain
from engine.mistakes import Key, Lines, place_of, translate
from engine.problem import Problem, nearest
from engine.safe_files import DEPTH, read_text

DATA_SUFFIXES = {".json", ".jsonl", ".csv", ".tsv", ".parquet", ".arrow", ".txt", ".md", ".gz", ".zst"}
LONGEST = 1 << 20
"""Bytes of a run file; one with thousands of classes has some ten thousand."""
BRACKET = re.compile(r"[][{}]")
LARGEST = 50_000
"""Values in a run file, aliases unfolded."""
MODELS = (("model", "id"), ("objective", "teacher"), ("objective", "guide"))
DATA = (("data", "train"), ("data", "test"), ("data", "keep"))
"""Fields that hold a path: a model's folder, or rows."""
FILES = ("file", "test")
"""The same inside a task of a list of several."""


def read(path: Path) -> dict[str, Any]:
    """Return the plain values of a YAML 1.2 file; unreadable or doubled keys raise a Problem with the line."""
    return _read(path)[0]


def load(path: Path, assignments: Sequence[str] = (), runs: Path | None = None) -> Run:
    """Return the run in a file with `a.b=c` overrides; its relative paths are taken from the file's own folder.

    What it begins `from:` is looked for below `runs`, by default where runs lie.
    """
    values, lines = _read(path)
    values = override(resolve(values, path.resolve().parent), assignments)
    if "from" in values:
        from engine.chain import begun_from  # it reads runs, and runs read documents

        values = begun_from(values, path, place_of(str(path), lines, ("from",)), runs, assignments)
    return check(values, str(path), lines)


def _read(path: Path) -> tuple[dict[str, Any], Lines]:
    try:
        text = read_text(path, LONGEST, follow=True)
    except FileNotFoundError:
        siblings = [entry.name for entry in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        advice = nearest(path.name, siblings) if siblings else "give the path of a YAML file"
        raise Problem("there is no such run file", where=str(path), advice=advice) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise Problem(f"the run file can't be read ({why})", where=str(path), advice="check the file") from None
    tree = _yaml_tree(text, str(path))
    if not isinstance(tree, dict):
        raise Problem("a run file holds keys and values", where=str(path), advice="begin with 'goal: sft'")
    lines: Lines = {}
    return dict(_strip(tree, (), lines)), lines


def _yaml_tree(text: str, where: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        _check_brackets(text)
        tree = YAML(typ="rt").load(text)
        _check_size(tree)
        return tree
    except RecursionError:
        raise Problem("it is nested too deep", where=where, advice="a run file has a few levels") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        what = (error.problem or "this is not YAML").split("\n")[0]
        raise Problem(what, where=f"{where}{line}", advice="correct this line") from None
    except (YAMLError, ValueError) as error:
        raise Problem(f"this is not YAML ({str(error).splitlines()[0]})", where=where, advice="correct it") from None


def _check_brackets(text: str) -> None:
    """Raise a RecursionError where brackets are nested too deep: the reader of YAML takes minutes to find that out."""
    depth = 0
    for sign in BRACKET.findall(text):
        depth = depth + 1 if sign in "[{" else max(0, depth - 1)
        if depth > DEPTH:
            raise RecursionError


def _check_size(tree: Any) -> None:
    """Raise a ValueError where aliases unfold into more than a run file can hold, or into themselves."""
    count, open_nodes = 0, [(tree, 0)]
    while open_nodes:
        node, depth = open_nodes.pop()
        count += 1
        if count > LARGEST or depth > DEPTH:
            raise ValueError("it unfolds into more than a run file can hold")
        inner = node.values() if isinstance(node, dict) else node if isinstance(node, (list, set)) else ()
        open_nodes += [(each, depth + 1) for each in inner]


def _strip(node: Any, key: Key, lines: Lines) -> Any:
    if isinstance(node, dict):
        for name in node:
            position = getattr(node, "lc", None)
            if position is not None and name in (position.data or {}):
                lines[(*key, name)] = position.key(name)[0] + 1
        return {str(name): _strip(value, (*key, name), lines) for name, value in node.items()}
    if isinstance(node, list):
        return [_strip(value, (*key, index), lines) for index, value in enumerate(node)]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return str(node)


def resolve(values: dict[str, Any], base: Path) -> dict[str, Any]:
    """Return the values with the paths that exist below `base` (models' folders, data files) made absolute."""
    result = {name: dict(part) if isinstance(part, dict) else part for name, part in values.items()}
    for section, name in (*MODELS, *DATA):
        part = result.get(section)
        if isinstance(part, dict) and name in part:
            part[name] = _resolved(part[name], base, data=section == "data")
    objective = result.get("objective")
    if isinstance(objective, dict) and isinstance(objective.get("reward"), dict):
        objective["reward"] = {kind: _payer(kind, value, base) for kind, value in objective["reward"].items()}
    return result


def _payer(kind: str, value: Any, base: Path) -> Any:
    """Return who pays a policy with its path made absolute: a Python file, a reward model's folder, or a run's."""
    if not isinstance(value, str) or "\0" in value:
        return value
    if kind == "function":
        file, colon, name = value.rpartition(":")
        return f"{(base / Path(file).expanduser()).resolve()}{colon}{name}" if file.endswith(".py") else value
    found = _resolved(value, base, data=False)
    result = Path(found) / "output" / "model"
    return str(result) if result.is_dir() else found


def _resolved(value: Any, base: Path, *, data: bool) -> Any:
    """Return a path made absolute, in each task of a list too; anything else stays as it is."""
    if isinstance(value, list):
        return [_resolved(part, base, data=data) for part in value]
    if isinstance(value, dict):
        return {name: _resolved(part, base, data=data) if name in FILES else part for name, part in value.items()}
    if not isinstance(value, str) or not value or "\0" in value:
        return value
    is_file = data and Path(value).suffix.lower() in DATA_SUFFIXES
    looks_like_path = value.startswith((".", "/", "~")) or is_file
    try:
        path = base / Path(value).expanduser()
        return str(path.resolve()) if looks_like_path or path.exists() else value
    except (OSError, ValueError, RuntimeError):  # no file can have this name, or no user this home
        return value


def override(values: dict[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    """Return the values with `training.epochs=1` and the like put in; the right side is read as YAML."""
    result = values
    for assignment in assignments:
        dotted, equals, text = assignment.partition("=")
        if not equals or not dotted:
            raise Problem(f"'{assignment}' is no setting", where="--set", advice="write it as training.epochs=1")
        value = _strip(_yaml_tree(text, f"--set {dotted}"), (), {})
        result = put(result, dotted, "" if value is None else value)
    return result


def put(values: Mapping[str, Any], dotted: str, value: Any) -> dict[str, Any]:
    """Return a copy of nested values with one entry replaced; sections on the way are made."""
    head, _, rest = dotted.partition(".")
    result = dict(values)
    inner = result.get(head)
    if rest and isinstance(inner, (list, tuple)):
        numbered = put({str(number): item for number, item in enumerate(inner)}, rest, value)
        if len(numbered) > len(inner):
            what = f"there is no entry {rest.partition('.')[0]} in '{head}'"
            raise Problem(what, advice=f"count from 0 to {len(inner) - 1}")
        result[head] = list(numbered.values())
    elif rest:
        result[head] = put(inner if isinstance(inner, Mapping) else {}, rest, value)
    else:
        result[head] = value
    return result


def check(values: dict[str, Any], where: str = "", lines: Lines | None = None) -> Run:
    """Return the run that the values describe, or raise a Problem about the first thing that is wrong with them."""
    version = values.get("version", VERSION)
    if isinstance(version, int) and version > VERSION:
        raise Problem(
            f"this run was written by a later tunewright (version {version}, this one knows {VERSION})",
            where=where,
            advice="update tunewright",
        )
    goal = values.get("goal")
    if not isinstance(goal, str) or goal not in RUN_TYPES:
        what = "a goal is missing" if goal is None else f"there is no goal '{goal}'"
        raise Problem(what, where=place_of(where, lines, ("goal",)), advice=nearest(str(goal or ""), RUN_TYPES))
    try:
        return parse(values)
    except ValidationError as error:
        raise translate(error, values, where, lines or {}) from None


def fields(run: Run) -> list[str]:
    """Return the dotted names of every field of a run, in the order of the models."""
    return [dotted for dotted, _, _ in walk(run)]


def walk(run: BaseModel, prefix: str = "") -> Iterator[tuple[str, FieldInfo, Any]]:
    """Yield dotted name, field and value of every leaf of a run."""
    for name, info in type(run).model_fields.items():
        value = getattr(run, name)
        if isinstance(value, BaseModel):
            yield from walk(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", info, value


def field(dotted: str, run: Run) -> FieldInfo:
    """Return the field behind a dotted name: `.description` is its help; a Problem names the nearest one."""
    for name, info, _ in walk(run):
        if name == dotted:
            return info
    raise Problem(f"there is no key '{dotted}'", advice=nearest(dotted, fields(run)))


def dump(run: Run, remarks: Sequence[str] = ()) -> str:
    """Return the complete YAML of a run: every field, in the order of the models; remarks are comments above them."""
    above = "".join(f"# {' '.join(remark.split())}\n" for remark in remarks)
    return above + dump_values(plain(run))


def dump_values(values: Mapping[str, Any]) -> str:
    """Return nested values as YAML 1.2, sections in blocks and lists on one line."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt")
    yaml.width = 4096
    buffer = io.StringIO()
    yaml.dump(_with_flow_lists(values), buffer)
    return buffer.getvalue()


def _with_flow_lists(node: Any) -> Any:
    from ruamel.yaml.comments import CommentedSeq

    if isinstance(node, Mapping):
        names = sorted(node, key=lambda name: name not in ("version", "goal", "kind"))
        return {name: _with_flow_lists(node[name]) for name in names}
    if isinstance(node, (list, tuple)):
        inline = CommentedSeq([_with_flow_lists(value) for value in node])
        inline.fa.set_flow_style()
        return inline
    return node
