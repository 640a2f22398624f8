"""Expressions with what is known put in: operands, conditional expressions, f-strings, look-ups and spread dicts."""

import ast
import copy
from collections.abc import Iterator

from engine.folding.source_edit import Edit, Source, is_atom
from engine.folding.values import Dotted, Known, literal, maybe, value_of


def expression_edits(piece: Source, node: ast.expr, known: Known) -> Iterator[Edit]:
    """Yield what becomes of one expression; what stands inside an f-string is left to the f-string."""
    if piece.in_text(node):
        return
    match node:
        case ast.JoinedStr():
            yield from text_edits(piece, node, known)
        case ast.IfExp():
            decided, test = maybe(node.test, known)
            if decided and not isinstance(test, Dotted):
                taken = node.body if test else node.orelse
                yield piece.replaced(node, piece.segment(taken), atom=is_atom(taken))
        case ast.BoolOp():
            yield from _operands(piece, node, known)
        case ast.Name(ctx=ast.Load()) if node.id in known:
            yield Edit(piece.start(node), piece.end(node), literal(known[node.id]))
        case ast.Subscript(ctx=ast.Load()) if maybe(node, known)[0]:
            yield Edit(piece.start(node), piece.end(node), literal(value_of(node, known)))
        case ast.Subscript(value=ast.Dict() as table, slice=key):
            yield from _picked(piece, node, table, key, None, known)
        case ast.Call(func=ast.Attribute(value=ast.Dict() as table, attr="get"), args=[key, other]):
            yield from _picked(piece, node, table, key, other, known)
        case ast.Call(func=ast.Name(id="isinstance") | ast.Attribute(value=ast.Constant())):
            decided, found = maybe(node, known)
            if decided:
                yield Edit(piece.start(node), piece.end(node), literal(found))
        case ast.Call() | ast.Dict():
            yield from _splices(piece, node)
        case ast.Compare() | ast.UnaryOp(op=ast.Not()) | ast.BinOp(left=ast.Constant(), right=ast.Constant()):
            decided, found = maybe(node, known)
            if decided:
                yield Edit(piece.start(node), piece.end(node), literal(found))


class _Filled(ast.NodeTransformer):
    """Puts what is known into the expressions of an f-string."""

    def __init__(self, known: Known) -> None:
        """Fill in these values."""
        self.known, self.changed = known, False

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Replace a known name."""
        if node.id not in self.known:
            return node
        self.changed = True
        return ast.parse(literal(self.known[node.id]), mode="eval").body


def text_edits(piece: Source, node: ast.JoinedStr, known: Known) -> Iterator[Edit]:
    """Write what is known into an f-string; one without anything unknown becomes a plain string."""
    filled = _Filled(known)
    new = filled.visit(copy.deepcopy(node))
    for place, part in enumerate(new.values):
        if isinstance(part, ast.FormattedValue) and part.conversion == -1 and part.format_spec is None:
            decided, found = maybe(part.value, known)
            if decided and not isinstance(found, Dotted):
                new.values[place] = ast.Constant(str(found))
                filled.changed = True
    if filled.changed:
        plain = all(isinstance(part, ast.Constant) for part in new.values)
        whole = "".join(str(part.value) for part in new.values if isinstance(part, ast.Constant))
        yield Edit(piece.start(node), piece.end(node), repr(whole) if plain else ast.unparse(new))


def _picked(
    piece: Source, node: ast.expr, table: ast.Dict, key: ast.expr, other: ast.expr | None, known: Known
) -> Iterator[Edit]:
    """Put the value of a known key in the place of a look-up in a table that is written out."""
    decided, wanted = maybe(key, known)
    names = [maybe(each, known) if each is not None else (False, None) for each in table.keys]
    if not decided or not all(clear for clear, _ in names):
        return
    found = next((value for (_, name), value in zip(names, table.values, strict=True) if name == wanted), other)
    if found is not None:
        yield piece.replaced(node, piece.segment(found), atom=is_atom(found))


def _operands(piece: Source, node: ast.BoolOp, known: Known) -> Iterator[Edit]:
    """Leave out operands that change nothing; stop at the one that decides."""
    either = isinstance(node.op, ast.Or)
    kept: list[ast.expr] = []
    for operand in node.values:
        decided, found = maybe(operand, known)
        if not decided or isinstance(found, Dotted):
            kept.append(operand)
        elif bool(found) is either or operand is node.values[-1]:
            kept.append(operand)
            break
    if len(kept) == len(node.values):
        return
    loose = (ast.BoolOp, ast.IfExp, ast.Lambda, ast.NamedExpr)
    parts = [f"({piece.segment(each)})" if isinstance(each, loose) else piece.segment(each) for each in kept]
    text = (" or " if either else " and ").join(parts) if len(parts) > 1 else piece.segment(kept[0])
    yield piece.replaced(node, text, atom=len(kept) == 1 and is_atom(kept[0]))


def _splices(piece: Source, node: ast.Call | ast.Dict) -> Iterator[Edit]:
    """Write `f(**{"a": b})` as `f(a=b)`, and a dict inside a dict as its items."""
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        spread = [value for key, value in pairs if key is None and isinstance(value, ast.Dict)]
    else:
        given = [keyword.value for keyword in node.keywords if keyword.arg is None]
        spread = [value for value in given if isinstance(value, ast.Dict)]
    for inner in spread:
        nested = any(
            key is None and isinstance(value, ast.Dict) for key, value in zip(inner.keys, inner.values, strict=True)
        )
        if not nested and piece.data[piece.start(inner) - 2 : piece.start(inner)] == b"**":
            names = [key.value for key in inner.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
            if isinstance(node, ast.Dict) or len(names) == sum(key is not None for key in inner.keys):
                yield from _spliced(piece, inner, as_keywords=isinstance(node, ast.Call))


def _spliced(piece: Source, inner: ast.Dict, *, as_keywords: bool) -> Iterator[Edit]:
    """Take the braces off a dict; its comments stay."""
    start, end = piece.start(inner), piece.end(inner)
    rest = piece.data[end:]
    gap = len(rest) - len(rest.lstrip())
    if not inner.values:
        comma = rest[gap:].startswith(b",")
        yield Edit(start - 2, end + (gap + 1 if comma else 0), "")
        return
    yield Edit(start - 2, start + 1, "")
    for key in inner.keys:
        if as_keywords and isinstance(key, ast.Constant) and isinstance(key.value, str):
            colon = piece.data.index(b":", piece.end(key))
            yield Edit(piece.start(key), colon + 1, f"{key.value}=")
    tail = piece.data[piece.end(inner.values[-1]) : end - 1]
    ended = any(line.split(b"#")[0].strip().endswith(b",") for line in tail.splitlines())
    yield Edit(end - 1, end + (gap + 1 if ended and rest[gap:].startswith(b",") else 0), "")
