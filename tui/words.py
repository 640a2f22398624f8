"""How values become words on a screen: text that is only ever shown, numbers, sizes and times."""

import unicodedata
from collections.abc import Mapping
from pathlib import Path

from engine.words import count as short
from engine.words import duration

__all__ = ["duration", "gib", "listed", "literal", "place", "roughly", "short", "size"]

GIB = 2**30
_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def literal(text: str, limit: int = 0) -> str:
    """Return text from outside with control characters made visible, cut to `limit` characters with an ellipsis."""
    if limit and len(text) > limit:
        text = text[: limit - 1] + "…"
    return text if text.isprintable() and _REORDERING.isdisjoint(text) else "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character == "\n":
        return "↵"
    if character in _REORDERING:
        return "�"
    category = unicodedata.category(character)
    if category == "Cc":
        code = ord(character)
        return chr(0x2400 + code) if code < 0x20 else "�"
    return "�" if category in ("Cs", "Zl", "Zp") else character


def roughly(number: float) -> str:
    """Return an estimated number with a tilde and no more than two digits that count: ~980,000, ~1.9 M."""
    digits = len(str(int(number)))
    return f"~{short(int(round(number, 2 - digits)))}"


def gib(value: float) -> str:
    """Return GiB with one decimal, or MiB where that would say 0.0."""
    return f"{value:.1f} GiB" if value >= 0.95 else f"{value * 1024:.0f} MiB"


def size(count: int) -> str:
    """Return a number of bytes as GiB, MiB or KiB."""
    if count >= 2**20:
        return gib(count / GIB)
    return f"{count / 1024:.0f} KiB"


def place(path: str | Path) -> str:
    """Return a path as short as it can be said: below the working directory, below the home, or whole."""
    given = Path(path)
    for base, prefix in ((Path.cwd(), ""), (Path.home(), "~/")):
        if given.is_absolute() and given != base and given.is_relative_to(base):
            return literal(prefix + str(given.relative_to(base)))
    return literal(str(path))


def listed(values: Mapping[str, float]) -> str:
    """Return named GiB as `weights 3.9 · adapters 0.3`, leaving out what would say 0.0."""
    parts = [f"{name.replace('_', ' ')} {value:.1f}" for name, value in values.items() if value >= 0.05]
    return " · ".join(parts)
