"""One field of a run as text: what it may hold, how its value is written, and how writing is read back."""

import json
import re
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from engine.document import override
from engine.problem import Problem
from tui.widgets.escaped import escape, unescape

_WORD = re.compile(r"[A-Za-z_][\w.-]*")


def choices(info: FieldInfo) -> tuple[str, ...]:
    """Return the values that a field offers as a closed list, as text; empty where anything may be typed."""
    annotation = info.annotation
    if annotation is bool:
        return ("true", "false")
    if get_origin(annotation) is Literal:
        return tuple(str(value) for value in get_args(annotation))
    return ()


def bounds(info: FieldInfo) -> str:
    """Return in words what a field may hold: `a whole number, at least 1, at most 1,024`."""
    offered = choices(info)
    if offered:
        return " or ".join([", ".join(offered[:-1]), offered[-1]]) if len(offered) > 1 else offered[0]
    limits = [_limit(entry) for entry in _metadata(info)]
    return ", ".join([_kind(info.annotation), *filter(None, limits)])


def _metadata(info: FieldInfo) -> list[Any]:
    """Return the constraints of a field, also those inside an `Annotated` that a union holds."""
    found = list(info.metadata)
    for part in get_args(info.annotation):
        if get_origin(part) is Annotated:
            for entry in get_args(part)[1:]:
                found += entry.metadata if isinstance(entry, FieldInfo) else [entry]
    return found


def _limit(entry: Any) -> str:
    if isinstance(entry, Ge):
        return f"at least {_bound(entry.ge)}"
    if isinstance(entry, Gt):
        return f"more than {_bound(entry.gt)}"
    if isinstance(entry, Le):
        return f"at most {_bound(entry.le)}"
    if isinstance(entry, Lt):
        return f"less than {_bound(entry.lt)}"
    if isinstance(entry, MinLen) and entry.min_length:
        return "not empty"
    return f"at most {entry.max_length} characters" if isinstance(entry, MaxLen) else ""


def _bound(value: Any) -> str:
    return number(value) if isinstance(value, float) else f"{value:,}"


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return " or ".join(_kind(part) for part in get_args(annotation))
    if get_origin(annotation) is Literal:
        return " or ".join(map(str, get_args(annotation)))
    if get_origin(annotation) is tuple:
        return _list(get_args(annotation)[0])
    return {int: "a whole number", float: "a number", str: "text"}.get(annotation, "names and values such as {a: b}")


def _list(inner: Any) -> str:
    if get_origin(inner) is Literal:
        return f"a list of {', '.join(map(str, get_args(inner)))}, such as [{get_args(inner)[0]}]"
    return "a list such as [a, b]" if inner is str else "a list such as [512, 256]"


def is_text(info: FieldInfo) -> bool:
    """Return whether a field holds plain text, which is taken as it is typed."""
    return info.annotation is str


def written(value: Any, info: FieldInfo) -> str:
    """Return a value as it stands in a field: text escaped, everything else as YAML on one line."""
    if is_text(info) or isinstance(value, str):
        return escape(str(value))
    return _flow(value)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(name)}: {_flow(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and _WORD.fullmatch(value) and value.lower() not in ("true", "false", "null"):
        return value
    if isinstance(value, float):
        return number(value)
    return json.dumps(value, ensure_ascii=not str(value).isprintable())


def number(value: float) -> str:
    """Return a number as short as it is exact: 3, 0.1, 2e-4."""
    _, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    if isinstance(exponent, int) and 0 < abs(value) < 1e-2:
        mantissa = Decimal((0, digits, 1 - len(digits)))
        return f"{'-' if value < 0 else ''}{mantissa}e{exponent + len(digits) - 1}"
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)


def read(text: str, info: FieldInfo, name: str) -> Any:
    """Return the value that a person typed into a field; a Problem says what the field may hold."""
    reason = ""
    try:
        value = unescape(text) if is_text(info) else override({}, [f"value={text}"])["value"]
        form: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
        return TypeAdapter(form).validate_python(value)
    except Problem:
        reason = ": it is not complete"
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] in ("value_error", "string_pattern_mismatch"):
            reason = f": {first['msg'].removeprefix('Value error, ')}"
    raise Problem(f"{name} can't be '{text}'{reason}", advice=f"it is {bounds(info)}", code="value")
