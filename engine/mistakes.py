"""Mistakes in a run file in a person's words: which key, in which line, and the nearest right name."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from engine.config import RUN_TYPES
from engine.problem import Problem, nearest

Key = tuple[str | int, ...]
Lines = dict[Key, int]


def place_of(where: str, lines: Lines | None, key: Key) -> str:
    """Return a file with the line in which a key stands, as far as both are known."""
    line = (lines or {}).get(key)
    return f"{where}:{line}" if where and line else where


def translate(error: ValidationError, values: dict[str, Any], where: str, lines: Lines) -> Problem:
    """Return the first mistake of a run file as one sentence: which key, in which line, and what would be right."""
    details = sorted(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
    first = details[0]
    key = tuple(_key(first["loc"], values, first["type"]))
    dotted = ".".join(map(str, key))
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    place = place_of(where, lines, key)
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
