"""The definitions of a script, and who calls them how."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from engine.folding.source_edit import source

Pieces = dict[str, str]
"""The source of every definition by its name, in the order of the script."""


@dataclass(frozen=True, slots=True)
class Seam:
    """The functions of a script that others call from outside, and those that they only ever replace."""

    fixed: frozenset[str] = frozenset()
    replaceable: frozenset[str] = frozenset()

    def keeps(self, name: str) -> bool:
        """Return whether a function stays under its name."""
        return name in self.fixed or name in self.replaceable


def definition_of(text: str) -> ast.stmt:
    """Return the function or class that a piece of source is."""
    return source(text).tree.body[-1]


def calls_of(pieces: Pieces, name: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call of a function with the piece that it stands in."""
    for holder, text in pieces.items():
        for call in source(text).calls.get(name, ()):
            yield holder, call


def free_function(pieces: Pieces, name: str, kept: frozenset[str]) -> ast.FunctionDef | None:
    """Return a function that may take another form, since it is only ever called, by plain calls."""
    node = definition_of(pieces[name])
    if not isinstance(node, ast.FunctionDef) or name in kept or name == "main" or node.decorator_list:
        return None
    calls = list(calls_of(pieces, name))
    plain = not any(_starred(call) or source(pieces[holder]).in_text(call) for holder, call in calls)
    only_called = len(calls) == sum(source(text).uses[name] for text in pieces.values())
    return node if calls and plain and only_called else None


def _starred(call: ast.Call) -> bool:
    return any(isinstance(part, ast.Starred) for part in call.args) or any(key.arg is None for key in call.keywords)


def parameters_of(node: ast.FunctionDef) -> list[ast.arg]:
    """Return the parameters of a function."""
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def defaults_of(node: ast.FunctionDef) -> dict[str, ast.expr]:
    """Return the defaults of a function's parameters by their names."""
    positional = [*node.args.posonlyargs, *node.args.args]
    found = dict(zip([each.arg for each in positional[::-1]], node.args.defaults[::-1], strict=False))
    named = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    return found | {each.arg: value for each, value in named if value is not None}


def given(call: ast.Call, node: ast.FunctionDef, name: str) -> ast.expr | None:
    """Return what a call gives for a parameter, None where its default is taken."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    place = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
    index = place.index(name) if name in place else len(call.args)
    return call.args[index] if index < len(call.args) else None


def body_of(node: ast.FunctionDef | ast.ClassDef) -> list[ast.stmt]:
    """Return the statements of a definition without its docstring."""
    text = isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
    return [each for each in (node.body[1:] if text else node.body) if not isinstance(each, ast.Pass)]
