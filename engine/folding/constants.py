"""Constant folding of one definition: what is known is put in, and branches that can't be taken are left out."""

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from engine.folding.expressions import expression_edits, text_edits
from engine.folding.source_edit import Edit, Source, indented, inside_strings, source
from engine.folding.values import Dotted, Frozen, Known, literal, maybe

PURE = frozenset(
    {"all", "any", "dict", "enumerate", "int", "isinstance", "len", "list", "max", "min", "range", "set", "sorted"}
    | {"str", "sum", "tuple", "zip", "get", "items", "join", "keys", "lower", "partition", "removeprefix"}
    | {"removesuffix", "rpartition", "split", "strip", "upper", "values"}
)
"""Functions and methods that only return something."""
SHORT = 40
"""Characters up to which the value of a local name is written where the name is used."""


@lru_cache(maxsize=65536)
def _fold_once(text: str, known_items: tuple[tuple[str, Any], ...]) -> str:
    piece, known = source(text), {name: value.value for name, value in known_items}
    return piece.apply(_edits(piece, known))


def fold(text: str, known: Known) -> str:
    """Return a definition with what is known put in, its branches decided, and what follows from that."""
    used = source(text).uses
    items = tuple((name, Frozen(known[name])) for name in sorted(known.keys() & used.keys()))
    while True:
        folded = _fold_once(text, items)
        if folded == text:
            return text
        text = folded


def changes_nothing(line: str) -> bool:
    """Return whether an assignment to `os.environ` leaves a variable as it was."""
    match source(line).tree.body[0]:
        case ast.Assign(
            targets=[ast.Subscript(slice=ast.Constant(name))],
            value=ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(other), ast.Constant("")]),
        ):
            return bool(name == other)
    return False


def _edits(piece: Source, known: Known) -> Iterator[Edit]:
    for function in ast.walk(piece.tree):
        if isinstance(function, ast.FunctionDef) and (whole := list(_local_constant(piece, function, known))):
            yield from whole  # a round of its own: the binding may go only together with all of its uses
            return
        if isinstance(function, ast.FunctionDef):
            yield from _unused_locals(piece, function)
    for node in ast.walk(piece.tree):
        if hasattr(node, "body") and isinstance(node.body, list):
            yield from _block(piece, node.body)
            yield from _block(piece, getattr(node, "orelse", []))
        if isinstance(node, ast.If):
            yield from _branch(piece, node, known)
        elif isinstance(node, ast.For):
            yield from _loop(piece, node, known)
        elif isinstance(node, ast.expr):
            yield from expression_edits(piece, node, known)


def _block(piece: Source, body: list[ast.stmt]) -> Iterator[Edit]:
    """Leave out what stands after the end of a block, and a `pass` beside other statements."""
    for place, statement in enumerate(body):
        if isinstance(statement, ast.Pass) and len(body) > 1:
            yield piece.without(statement)
        if isinstance(statement, (ast.Return, ast.Raise)):
            for unreachable in body[place + 1 :]:
                yield piece.without(unreachable)
            return


def _branch(piece: Source, node: ast.If, known: Known) -> Iterator[Edit]:
    """Put the branch that is taken in the place of an `if` whose test is known."""
    decided, test = maybe(node.test, known)
    if not decided or isinstance(test, Dotted) or _is_elif(piece, node):
        return
    taken = node.body if test else node.orelse
    first, last = piece.first_line(node), node.end_lineno or node.lineno
    above = piece.lines(first, node.lineno - 1) if first < node.lineno else ""
    start, end = piece.starts[first - 1], piece.starts[last]
    if not taken:
        alone = len(_body_of(piece, node)) == 1
        yield Edit(start, end, " " * node.col_offset + "pass\n" if alone else "")
    elif not test and isinstance(taken[0], ast.If) and len(taken) == 1 and _is_elif(piece, taken[0]):
        rest = piece.lines(taken[0].lineno, last)
        yield Edit(start, end, above + rest.replace("elif", "if", 1))
    else:
        begin = piece.first_line(taken[0])
        body = piece.lines(begin, taken[-1].end_lineno or last)
        yield Edit(start, end, above + indented(body, node.col_offset, begin, inside_strings(taken)))


def _loop(piece: Source, node: ast.For, known: Known) -> Iterator[Edit]:
    """Leave out a loop over nothing."""
    decided, found = maybe(node.iter, known)
    if decided and not isinstance(found, Dotted) and not found and not node.orelse:
        alone = len(_body_of(piece, node)) == 1
        gone = piece.without(node)
        yield Edit(gone.start, gone.end, " " * node.col_offset + "pass\n") if alone else gone


def _is_elif(piece: Source, node: ast.If) -> bool:
    return piece.data[piece.start(node) :].startswith(b"elif")


def _body_of(piece: Source, statement: ast.stmt) -> list[ast.stmt]:
    """Return the block that a statement is part of."""
    holder = piece.parents[statement]
    blocks = (getattr(holder, name, []) for name in ("body", "orelse", "finalbody"))
    return next(block for block in blocks if isinstance(block, list) and statement in block)


def _local_constant(piece: Source, function: ast.FunctionDef, known: Known) -> Iterator[Edit]:
    """Put the value of a local name that is bound once, to something known, where the name is used."""
    stored = [
        node.id for node in ast.walk(function) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    ]
    arguments = [node.arg for node in ast.walk(function) if isinstance(node, ast.arg)]
    for statement in function.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=given):
                decided, found = maybe(given, known)
                once = stored.count(name) == 1 and name not in arguments
                short = isinstance(found, (str, int, float, bool, type(None), Dotted)) and len(literal(found)) <= SHORT
                if not (decided and once and short):
                    continue
                yield piece.without(statement)
                yield from _put(piece, function, name, found)
                return


def _unused_locals(piece: Source, function: ast.FunctionDef) -> Iterator[Edit]:
    """Leave out a local name that nothing reads any more, where working out its value does nothing else."""
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    for statement in ast.walk(function):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=given) if name not in read and _is_pure(given):
                alone = len(_body_of(piece, statement)) == 1
                gone = piece.without(statement)
                yield Edit(gone.start, gone.end, " " * statement.col_offset + "pass\n") if alone else gone


def _is_pure(value: ast.expr) -> bool:
    """Return whether working out a value does nothing else."""
    for node in ast.walk(value):
        if isinstance(node, (ast.Await, ast.NamedExpr, ast.Yield, ast.YieldFrom)):
            return False
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if called not in PURE:
                return False
    return True


def _put(piece: Source, function: ast.FunctionDef, name: str, found: Any) -> Iterator[Edit]:
    for node in ast.walk(function):
        if isinstance(node, ast.JoinedStr):
            yield from text_edits(piece, node, {name: found})
        elif isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            yield from () if piece.in_text(node) else (Edit(piece.start(node), piece.end(node), literal(found)),)
