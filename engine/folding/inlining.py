"""Functions that say nothing of their own: calls of them are replaced by what they return."""

import ast
from collections.abc import Callable
from typing import TypeAlias

from engine.folding.calls import Pieces, Seam, body_of, calls_of, definition_of, free_function, given, parameters_of
from engine.folding.constants import fold
from engine.folding.source_edit import Edit, Source, is_atom, source
from engine.folding.values import Dotted, literal, maybe

Replacement: TypeAlias = Callable[[Source, ast.Call], Edit]


def inline(pieces: Pieces, symbols: frozenset[str], seam: Seam) -> Pieces:
    """Replace calls of functions that say nothing of their own, and empty subclasses."""
    for name in list(pieces):
        node = None if seam.keeps(name) else free_function(pieces, name, frozenset())
        if node is not None:
            pieces = _inlined(pieces, name, node, symbols)
        elif (base := _only_base(pieces[name])) and not seam.keeps(name):
            rest = {other: held for other, held in pieces.items() if other != name}
            pieces = {other: fold(held, {name: Dotted(base)}) for other, held in rest.items()}
    return pieces


def _only_base(text: str) -> str:
    """Return the base of a class that adds nothing to it, empty for every other definition."""
    node = definition_of(text)
    if not isinstance(node, ast.ClassDef) or body_of(node) or node.keywords or node.decorator_list:
        return ""
    return node.bases[0].id if len(node.bases) == 1 and isinstance(node.bases[0], ast.Name) else ""


def _inlined(pieces: Pieces, name: str, node: ast.FunctionDef, symbols: frozenset[str]) -> Pieces:
    body, calls = body_of(node), list(calls_of(pieces, name))
    if not body and all(isinstance(source(pieces[holder]).parents[call], ast.Expr) for holder, call in calls):
        return _replace_calls(pieces, name, lambda piece, call: piece.without(_statement(piece, call)))
    if len(body) == 1 and isinstance(body[0], ast.Return) and body[0].value is not None:
        return _inline_value(pieces, name, node, body[0].value, symbols)
    return pieces


def _statement(piece: Source, call: ast.Call) -> ast.stmt:
    holder = piece.parents[call]
    assert isinstance(holder, ast.Expr)
    return holder


def _inline_value(pieces: Pieces, name: str, node: ast.FunctionDef, value: ast.expr, symbols: frozenset[str]) -> Pieces:
    """Put what a function returns in the place of its calls, where that is an argument or known everywhere."""
    calls, parameters = list(calls_of(pieces, name)), [each.arg for each in parameters_of(node)]
    if isinstance(value, ast.Name) and value.id in parameters:
        wanted = value.id
        if any(given(call, node, wanted) is None or not _free_of_effects(call, wanted, node) for _, call in calls):
            return pieces
        return _replace_calls(pieces, name, lambda piece, call: _put(piece, call, given(call, node, wanted)))
    known, found = maybe(value, {})
    own = {name for holder, _ in calls for name in source(pieces[holder]).bound}
    lasting = known or (isinstance(value, ast.Name) and value.id in symbols - own)
    table = isinstance(value, ast.Dict) and not parameters and len(calls) == 1
    spread = table and all(_is_spread(source(pieces[holder]).parents[call], call) for holder, call in calls)
    written_out = spread and not own & set(source(pieces[name]).uses)
    empty = isinstance(value, ast.Dict) and not value.keys
    if not (lasting or empty or written_out) or not all(_free_of_effects(call) for _, call in calls):
        return pieces
    text = literal(found) if known else source(pieces[name]).segment(value)
    return _replace_calls(pieces, name, lambda piece, call: piece.replaced(call, text, atom=known or is_atom(value)))


def _is_spread(holder: ast.AST, call: ast.Call) -> bool:
    """Return whether a call stands as `**f()`, so that what it gives can be written out there."""
    if isinstance(holder, ast.keyword):
        return holder.arg is None
    return isinstance(holder, ast.Dict) and any(
        key is None and value is call for key, value in zip(holder.keys, holder.values, strict=True)
    )


def _free_of_effects(call: ast.Call, kept: str = "", function: ast.FunctionDef | None = None) -> bool:
    """Return whether leaving out the arguments of a call, all but the `kept` one, changes nothing."""
    stays = given(call, function, kept) if function is not None else None
    gone = [value for value in (*call.args, *(keyword.value for keyword in call.keywords)) if value is not stays]
    effects = (ast.Call, ast.Await, ast.NamedExpr)
    return not any(isinstance(node, effects) for value in gone for node in ast.walk(value))


def _put(piece: Source, call: ast.Call, argument: ast.expr | None) -> Edit:
    assert argument is not None
    return piece.replaced(call, piece.segment(argument), atom=is_atom(argument))


def _replace_calls(pieces: Pieces, name: str, edit: Replacement) -> Pieces:
    changed = {holder: text for holder, text in pieces.items() if holder != name}
    for holder in list(changed):
        while calls := [call for _, call in calls_of({holder: changed[holder]}, name)]:
            piece = source(changed[holder])
            innermost = min(calls, key=piece.end)
            changed[holder] = _never_empty(piece.apply([edit(piece, innermost)]))
    return changed


def _never_empty(text: str) -> str:
    """Return a text in which every block that lost its last statement has a `pass`."""
    while True:
        try:
            source(text)
        except IndentationError as error:
            lines = text.splitlines(keepends=True)
            place = (error.lineno or len(lines)) - 1
            above = next(line for line in reversed(lines[:place]) if line.strip())
            lines.insert(place, " " * (len(above) - len(above.lstrip()) + 4) + "pass\n")
            text = "".join(lines)
        else:
            return text
