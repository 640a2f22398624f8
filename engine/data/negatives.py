"""Wrong texts in columns with numbers, as the miner of sentence-transformers writes them: negative_1 to negative_n."""

import re
from collections.abc import Mapping

from engine.data.kinds import Seen
from engine.data.recognise import plain_name

NAME = re.compile(r"(?:hard_)?neg(?:ative)?s?(?:_(?:passage|document|doc|text|ctx))?_?(\d+)")
FILLED = 0.95
"""Least share of the rows in which such a column must hold a text: rows without it are left out."""


def with_negatives(columns: Mapping[str, Seen], played: Mapping[str, str]) -> dict[str, str]:
    """Return the roles of a pair with one for each numbered column of wrong texts; a plain one comes before them."""
    numbers = {name: NAME.fullmatch(plain_name(name)) for name in columns if name not in played.values()}
    found = sorted(
        (int(number[1]), name)
        for name, number in numbers.items()
        if number and columns[name].kind == "text" and columns[name].filled >= FILLED
    )
    every = [played[role] for role in ("negative",) if role in played] + [name for _, name in found]
    kept = {role: name for role, name in played.items() if role != "negative"}
    if len(every) < 2:
        return kept | dict(zip(["negative"], every, strict=False))
    return kept | {f"negative_{place}": name for place, name in enumerate(every, 1)}
