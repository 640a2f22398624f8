"""Specialization of a script for one run: what the run decides is decided in the text, and what nothing uses goes.

The rules, until none of them changes anything: settings that nobody would change by hand stand where they are used,
and branches on them are decided; a parameter that every call gives the same is put in; a function
that only returns its argument or a known value is replaced by that; an empty subclass is replaced by its base; what
`main` does not reach is left out. Names that others use from outside keep their form.
"""

import ast
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from engine.folding.calls import Pieces, Seam
from engine.folding.constants import fold
from engine.folding.inlining import inline
from engine.folding.parameters import fix_parameters
from engine.folding.source_edit import Edit, Source, source
from engine.folding.values import Frozen

LIBRARY_DEFAULTS: dict[str, Any] = {
    "init_lora_weights": True,
    "llm_int8_skip_modules": None,
    "max_grad_norm": 1.0,
    "modules_to_save": None,
    "revision": "main",
    "tools": None,
    "trust_remote_code": False,
    "use_dora": False,
    "use_rslora": False,
}
"""Arguments of the libraries' loaders, chat templates, `LoraConfig` and trainers with their defaults there."""


def specialize(pieces: Pieces, decided: Mapping[str, Any], symbols: frozenset[str], seam: Seam) -> Pieces:
    """Return the definitions of a script with what is `decided` put in.

    `symbols` are the names of settings and imports; the functions of the `seam` are used from outside.
    """
    used = used_names(pieces.values())
    known = tuple((name, Frozen(value)) for name, value in sorted(decided.items()) if name in used)
    return dict(_specialized(tuple(pieces.items()), known, symbols, seam))


@lru_cache(maxsize=64)
def _specialized(
    items: tuple[tuple[str, str], ...],
    known: tuple[tuple[str, Frozen], ...],
    symbols: frozenset[str],
    seam: Seam,
) -> tuple[tuple[str, str], ...]:
    """Return the definitions; a plan that changes a number asks for the same ones again."""
    pieces, decided = dict(items), {name: value.value for name, value in known}
    while True:
        before = pieces
        pieces = {name: fold(text, decided) for name, text in pieces.items()}
        pieces = fix_parameters(pieces, symbols | pieces.keys(), seam)
        pieces = inline(pieces, symbols | pieces.keys(), seam)
        pieces = reachable(pieces)
        if pieces == before:
            return tuple((name, without_defaults(text, pieces)) for name, text in pieces.items())


def reachable(pieces: Pieces) -> Pieces:
    """Return the definitions that `main` needs."""
    wanted, waiting = set(), ["main"]
    while waiting:
        name = waiting.pop()
        if name in pieces and name not in wanted:
            wanted.add(name)
            waiting += names_in(pieces[name])
    return {name: text for name, text in pieces.items() if name in wanted}


def names_in(text: str) -> set[str]:
    """Return the names that a piece of source uses."""
    return set(source(text).uses)


def without_defaults(text: str, own: Mapping[str, str]) -> str:
    """Return a text whose calls of libraries do not repeat the libraries' defaults."""
    piece = source(text)
    edits = [
        _without_keyword(piece, keyword)
        for node in ast.walk(piece.tree)
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in own)
        for keyword in node.keywords
        if keyword.arg in LIBRARY_DEFAULTS
        and isinstance(keyword.value, ast.Constant)
        and _same(keyword.value.value, LIBRARY_DEFAULTS[keyword.arg])
    ]
    return without_defaults(piece.apply(edits[:1]), own) if edits else text


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)


def _without_keyword(piece: Source, keyword: ast.keyword) -> Edit:
    start, end = piece.start(keyword), piece.end(keyword)
    rest = piece.data[end:]
    after = rest.lstrip()
    if after.startswith(b","):
        return Edit(start, end + len(rest) - len(after[1:].lstrip()), "")
    return Edit(len(piece.data[:start].rstrip().removesuffix(b",")), end, "")


def used_names(texts: Iterable[str]) -> set[str]:
    """Return every name that some pieces of source use."""
    return {name for text in texts for name in names_in(text)}
