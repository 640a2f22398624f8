"""Run descriptions on paper: YAML in and out, with errors that name file, line, key and the nearest right name."""

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from engine.config import RUN_TYPES, VERSION, Run, parse, plain
from engine.problem import Problem, nearest

DATA_SUFFIXES = {".json", ".jsonl", ".csv", ".tsv", ".parquet", ".arrow", ".txt", ".md", ".gz", ".zst"}
MODELS = (("model", "id"), ("objective", "teacher"))
DATA = (("data", "train"), ("data", "test"), ("data", "keep"))
"""Fields that hold a path: a model's folder, or rows."""
FILES = ("file", "test")
"""The same inside a task of a list of several."""
Key = tuple[str | int, ...]
Lines = dict[Key, int]


def read(path: Path) -> dict[str, Any]:
    """Return the plain values of a YAML 1.2 file; unreadable or doubled keys raise a Problem with the line."""
    return _read(path)[0]


def load(path: Path, assignments: Sequence[str] = ()) -> Run:
    """Return the run in a file with `a.b=c` overrides; its relative paths are taken from the file's own folder."""
    values, lines = _read(path)
    values = override(resolve(values, path.resolve().parent), assignments)
    return check(values, str(path), lines)


def _read(path: Path) -> tuple[dict[str, Any], Lines]:
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        siblings = [entry.name for entry in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        advice = nearest(path.name, siblings) if siblings else "give the path of a YAML file"
        raise Problem("there is no such run file", where=str(path), advice=advice) from None
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"the run file can't be read ({error})", where=str(path), advice="check the file") from None
    tree = _yaml_tree(text, str(path))
    if not isinstance(tree, dict):
        raise Problem("a run file holds keys and values", where=str(path), advice="begin with 'goal: sft'")
    lines: Lines = {}
    return dict(_strip(tree, (), lines)), lines


def _yaml_tree(text: str, where: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        what = (error.problem or "this is not YAML").split("\n")[0]
        raise Problem(what, where=f"{where}{line}", advice="correct this line") from None
    except (YAMLError, ValueError) as error:
        raise Problem(f"this is not YAML ({str(error).splitlines()[0]})", where=where, advice="correct it") from None


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
    path = base / Path(value).expanduser()
    is_file = data and Path(value).suffix.lower() in DATA_SUFFIXES
    looks_like_path = value.startswith((".", "/", "~")) or is_file
    return str(path.resolve()) if looks_like_path or path.exists() else value


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
            where = f"{head}.{rest.partition('.')[0]}"
            raise Problem(f"there is no entry '{where}'", advice=f"count from 0 to {len(inner) - 1}")
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
    if goal not in RUN_TYPES:
        what = "a goal is missing" if goal is None else f"there is no goal '{goal}'"
        raise Problem(what, where=_place(where, lines, ("goal",)), advice=nearest(str(goal or ""), RUN_TYPES))
    try:
        return parse(values)
    except ValidationError as error:
        raise _translate(error, values, where, lines or {}) from None


def _place(where: str, lines: Lines | None, key: Key) -> str:
    line = (lines or {}).get(key)
    return f"{where}:{line}" if where and line else where


def _translate(error: ValidationError, values: dict[str, Any], where: str, lines: Lines) -> Problem:
    details = sorted(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
    first = details[0]
    key = tuple(_key(first["loc"], values, first["type"]))
    dotted = ".".join(map(str, key))
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    place = _place(where, lines, key)
    if first["type"] == "extra_forbidden":
        names = [name for name, _ in _section_fields(values, key[:-1])]
        return Problem(f"there is no key '{dotted}'{more}", where=place, advice=nearest(str(key[-1]), names))
    if first["type"] == "missing":
        return Problem(f"'{dotted}' is missing{more}", where=place, advice=f"add {dotted}")
    if first["type"] == "union_tag_not_found":
        return Problem(f"'{dotted}.kind' is missing{more}", where=place, advice=f"say which, as in {dotted}.kind=lora")
    if first["type"] == "union_tag_invalid":
        known = [name.strip().strip("'") for name in first["ctx"]["expected_tags"].split(",")]
        what = f"'{first['ctx']['tag']}' does not go with the goal {values['goal']} as {dotted}.kind"
        return Problem(what + more, where=place, advice=nearest(first["ctx"]["tag"], known))
    if first["type"] == "literal_error":
        known = [str(choice) for choice in _choices(first["ctx"]["expected"])]
        return Problem(
            f"'{first['input']}' is no value of '{dotted}'{more}",
            where=place,
            advice=nearest(str(first["input"]), known),
        )
    message = first["msg"].removeprefix("Value error, ")
    shown = f" (it is {first['input']!r})" if isinstance(first["input"], (str, int, float)) else ""
    what, _, advice = f"{message[:1].lower()}{message[1:]}".partition("; ")  # a rule of ours says what to do by itself
    subject = f"'{dotted}': " if dotted else ""
    return Problem(f"{subject}{what}{shown}{more}", where=place, advice=advice or "correct it")


def _choices(expected: str) -> list[str]:
    return [part.strip().strip("'") for part in expected.replace(" or ", ",").split(",") if part.strip()]


def _key(location: tuple[str | int, ...], values: Any, kind: str) -> Iterator[str | int]:
    """Yield the parts of a pydantic location that a person wrote, without the tags of unions."""
    node = values
    for position, part in enumerate(location):
        last = position == len(location) - 1
        inside = (
            part in node if isinstance(node, Mapping) else isinstance(node, (list, tuple)) and isinstance(part, int)
        )
        if inside:
            node = node[part]
            yield part
        elif last and kind in ("missing", "extra_forbidden"):
            yield part


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


def _section_fields(values: Mapping[str, Any], key: Key) -> list[tuple[str, FieldInfo]]:
    model: type[BaseModel] = RUN_TYPES[values["goal"]]
    node: Any = values
    for part in key:
        node = node[part] if isinstance(part, int) else node.get(part, {}) if isinstance(node, Mapping) else {}
        if isinstance(part, str) and part in model.model_fields:
            models = list(_models_in(model.model_fields[part].annotation))
            named = [kind for kind in models if isinstance(node, Mapping) and node.get("kind") in _kinds(kind)]
            model = (named or models or [model])[0]
    return list(model.model_fields.items())


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the sections that a field may hold, however deep its type nests them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _kinds(model: type[BaseModel]) -> tuple[Any, ...]:
    info = model.model_fields.get("kind")
    return (*get_args(info.annotation), info.default, None) if info else ()


def dump(run: Run) -> str:
    """Return the complete YAML of a run: every field, in the order of the models."""
    return dump_values(plain(run))


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
