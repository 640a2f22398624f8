"""Values of expressions that are known before a script runs."""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Dotted:
    """A value that is known by its name only, such as a setting, a function or `TaskType.CAUSAL_LM`."""

    text: str


class Unknown(Exception):
    """An expression depends on something that is decided only when the script runs."""


Known = Mapping[str, Any]
ENUMERATIONS = ("TaskType",)
"""Imported enumerations: two members of one of them are equal only if they have one name."""
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
TYPES = {"str": str, "int": int, "float": float, "bool": bool, "tuple": tuple, "list": list, "dict": dict}
TEXT_METHODS = ("join", "lower", "partition", "removeprefix", "removesuffix", "rpartition", "split", "strip", "upper")
CALLS: dict[str, Callable[..., Any]] = {"list": list, "bool": bool, "len": len, "tuple": tuple, "str": str}


def value_of(node: ast.expr, known: Known) -> Any:
    """Return the value of an expression, or raise Unknown."""
    match node:
        case ast.Constant():
            return node.value
        case ast.Name() if node.id in known:
            return known[node.id]
        case ast.Attribute(value=ast.Name(id=base)) if base in ENUMERATIONS:
            return Dotted(f"{base}.{node.attr}")
        case ast.UnaryOp(op=ast.Not()):
            return not _plain(value_of(node.operand, known))
        case ast.IfExp():
            return value_of(node.body if _plain(value_of(node.test, known)) else node.orelse, known)
        case ast.Tuple():
            return tuple(value_of(part, known) for part in node.elts)
        case ast.List():
            return [value_of(part, known) for part in node.elts]
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn() as op], comparators=[ast.Tuple(elts=several)]):
            return _is_among(value_of(left, known), several, known) is isinstance(op, ast.In)
        case ast.Compare(ops=[op]):
            return _compared(op, value_of(node.left, known), value_of(node.comparators[0], known))
        case ast.BoolOp():
            return _joined(node, known)
        case ast.BinOp(op=ast.Add()):
            return _plain(value_of(node.left, known)) + _plain(value_of(node.right, known))
        case ast.Call():
            return _returned(node, known)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(int() | float() as number)):
            return -number
        case ast.Dict(keys=keys, values=entries) if None not in keys:
            pairs = zip(keys, entries, strict=True)
            return {value_of(key, known): value_of(entry, known) for key, entry in pairs if key is not None}
        case ast.Subscript(value=held, slice=key):
            return _plain(value_of(held, known))[value_of(key, known)]
    raise Unknown


def _returned(call: ast.Call, known: Known) -> Any:
    """Return what a call of a built-in function, or of a method of a text, gives."""
    match call:
        case ast.Call(func=ast.Name(id="isinstance"), args=[thing, ast.Name(id=name)]) if name in TYPES:
            return isinstance(_plain(value_of(thing, known)), TYPES[name])
        case ast.Call(func=ast.Name(id=name), args=[thing], keywords=[]) if name in CALLS:
            return CALLS[name](_plain(value_of(thing, known)))
        case ast.Call(func=ast.Attribute(value=text, attr=name), args=arguments, keywords=[]) if name in TEXT_METHODS:
            words = value_of(text, known)
            if isinstance(words, str):
                return getattr(words, name)(*(_plain(value_of(each, known)) for each in arguments))
    raise Unknown


def _plain(value: Any) -> Any:
    """Return a value whose truth and type are known."""
    if isinstance(value, Dotted):
        raise Unknown
    return value


def _is_among(wanted: Any, several: list[ast.expr], known: Known) -> bool:
    """Return whether a value is one of several, of which not all need to be known."""
    found = [maybe(each, known) for each in several]
    if any(decided and _compared(ast.Eq(), wanted, value) for decided, value in found):
        return True
    if not all(decided for decided, _ in found):
        raise Unknown
    return False


def _compared(op: ast.cmpop, left: Any, right: Any) -> bool:
    if isinstance(left, Dotted) or isinstance(right, Dotted):
        members = isinstance(left, Dotted) and isinstance(right, Dotted)
        if not members or not all(side.text.split(".")[0] in ENUMERATIONS for side in (left, right)):
            raise Unknown
    return bool(COMPARISONS[type(op)](left, right))


def _joined(node: ast.BoolOp, known: Known) -> Any:
    """Return the operand that decides an `and` or an `or`."""
    result: Any = None
    for operand in node.values:
        result = value_of(operand, known)
        if bool(_plain(result)) is isinstance(node.op, ast.Or):
            return result
    return result


def maybe(node: ast.expr, known: Known) -> tuple[bool, Any]:
    """Return whether the value of an expression is known, and the value."""
    try:
        return True, value_of(node, known)
    except (Unknown, TypeError, ValueError, LookupError):
        return False, None


def literal(value: Any) -> str:
    """Return a value as source."""
    return value.text if isinstance(value, Dotted) else repr(value)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A value that can be part of a key though it may be a dict or a list."""

    value: Any

    def __hash__(self) -> int:
        return hash(repr(self.value))
