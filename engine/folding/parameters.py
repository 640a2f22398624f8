"""Parameters that every call gives the same: they are put in and leave the calls."""

import ast
from collections.abc import Iterator
from typing import Any

from engine.folding.calls import Pieces, Seam, calls_of, defaults_of, definition_of, free_function, given, parameters_of
from engine.folding.constants import fold
from engine.folding.source_edit import Edit, Source, source
from engine.folding.values import Dotted, maybe


def fix_parameters(pieces: Pieces, symbols: frozenset[str], seam: Seam) -> Pieces:
    """Put in the parameters that every call gives the same."""
    for name in list(pieces):
        node = free_function(pieces, name, seam.fixed)
        while node is not None and not (node.args.vararg or node.args.kwarg):
            fixed = next(_fixed_parameters(pieces, name, node, symbols), None)
            if fixed is None:
                break
            pieces = _without_parameter(pieces, name, *fixed)
            node = free_function(pieces, name, seam.fixed)
    return pieces


def _fixed_parameters(
    pieces: Pieces, name: str, node: ast.FunctionDef, symbols: frozenset[str]
) -> Iterator[tuple[str, Any]]:
    own = source(pieces[name]).bound
    for parameter in parameters_of(node):
        found = list(_values(pieces, name, node, parameter.arg, symbols))
        alike = all(value == found[0] and type(value) is type(found[0]) for value in found)
        hidden = isinstance(found[0], Dotted) and found[0].text.split(".")[0] in own
        if alike and found[0] is not Unfit and not hidden and _steady(node, parameter.arg):
            yield parameter.arg, found[0]


class Unfit:
    """A value that can't stand inside a function."""


def _values(pieces: Pieces, name: str, node: ast.FunctionDef, parameter: str, symbols: frozenset[str]) -> Iterator[Any]:
    for holder, call in calls_of(pieces, name):
        value = given(call, node, parameter) or defaults_of(node).get(parameter)
        yield Unfit if value is None else _lasting(value, symbols - source(pieces[holder]).bound)


def _lasting(value: ast.expr, symbols: frozenset[str]) -> Any:
    """Return the value of an argument that means the same everywhere in the script, or Unfit."""
    known, found = maybe(value, {})
    if known:
        return found if isinstance(found, (str, int, float, bool, Dotted, type(None))) or found == () else Unfit
    return Dotted(value.id) if isinstance(value, ast.Name) and value.id in symbols else Unfit


def _steady(node: ast.FunctionDef, parameter: str) -> bool:
    """Return whether a parameter keeps its value, and no inner function has one of its name."""
    inner = [each.arg for each in ast.walk(node) if isinstance(each, ast.arg)]
    stored = any(
        isinstance(each, ast.Name) and each.id == parameter and not isinstance(each.ctx, ast.Load)
        for each in ast.walk(node)
    )
    return inner.count(parameter) == 1 and not stored


def _without_parameter(pieces: Pieces, name: str, parameter: str, value: Any) -> Pieces:
    node = definition_of(pieces[name])
    assert isinstance(node, ast.FunctionDef)
    changed = dict(pieces)
    for holder, text in pieces.items():
        if name in source(text).calls:
            changed[holder] = _apply_inside_out(text, name, node, parameter)
    changed[name] = fold(_shorterdefinition_of(changed[name], parameter), {parameter: value})
    return changed


def _apply_inside_out(text: str, name: str, node: ast.FunctionDef, parameter: str) -> str:
    """Take an argument out of every call in a text, the innermost calls first."""
    count = len(list(calls_of({"": text}, name)))
    for index in range(count):
        piece = source(text)
        calls = sorted((call for _, call in calls_of({"": text}, name)), key=piece.end)
        text = piece.apply([_shorter_call(piece, calls[index], node, parameter)])
    return text


def _shorter_call(piece: Source, call: ast.Call, node: ast.FunctionDef, parameter: str) -> Edit:
    gone = given(call, node, parameter)
    parts = [piece.segment(each) for each in call.args if each is not gone]
    parts += [piece.segment(each) for each in call.keywords if each.value is not gone]
    return Edit(piece.start(call), piece.end(call), f"{piece.segment(call.func)}({', '.join(parts)})")


def _shorterdefinition_of(text: str, parameter: str) -> str:
    """Return a function without one of its parameters."""
    piece, fresh = source(text), ast.parse(text)
    node, new = piece.tree.body[-1], fresh.body[-1]
    assert isinstance(node, ast.FunctionDef) and isinstance(new, ast.FunctionDef)
    positional = [*new.args.posonlyargs, *new.args.args]
    first_default = len(positional) - len(new.args.defaults)
    for group in (new.args.posonlyargs, new.args.args):
        for each in [each for each in group if each.arg == parameter]:
            place = positional.index(each) - first_default
            if place >= 0:
                del new.args.defaults[place]
            group.remove(each)
    for place, each in enumerate(new.args.kwonlyargs):
        if each.arg == parameter:
            del new.args.kwonlyargs[place], new.args.kw_defaults[place]
            break
    new.body = [ast.Pass()]
    header = ast.unparse(new).rpartition("\n")[0]
    body = piece.starts[node.body[0].lineno - 1]
    return piece.apply([Edit(piece.start(node), body, f"{header}\n")])
