"""Columns that play no role in a training, by name: nothing of them is learned."""

from collections.abc import Collection

from engine.data.convert import DOCUMENTS
from engine.data.facts import DataFacts, DataProblem
from engine.data.formats import NAMES
from engine.data.recognise import plain_name

NAMED = 6
"""Columns that are named one by one."""
MEDIA = frozenset(NAMES["MEDIA"].split())


def unused(facts: DataFacts, used: Collection[str], convert: str = "none") -> list[DataProblem]:
    """Return which columns of the rows (after their conversion) no role uses; pictures and sound are told apart."""
    names = _names(facts, convert)
    rest = [name for name in names if name not in used]
    media = [name for name in rest if plain_name(name) in MEDIA]
    found = []
    if media:
        what = f"pictures, sound or film in {_list(media)} are not trained on: only text is learned"
        advice = "leave out rows whose answer can't be given without them"
        found.append(DataProblem("media_unused", what, advice=advice))
    if plain := [name for name in rest if name not in media]:
        what = f"not used: {'the column' if len(plain) == 1 else 'the columns'} {_list(plain)}"
        found.append(DataProblem("unused_column", what, None, "note"))
    return found


def _names(facts: DataFacts, convert: str) -> list[str]:
    """Return the columns that hold something; a conversion has used those that are gone after it."""
    filled = {column.name for column in facts.columns if column.type not in ("empty", "empty_list")}
    rows = facts.converted.get(convert, ())
    if convert == "none" or not rows:
        return [column.name for column in facts.columns if column.name in filled]
    made = {column.name for column in facts.columns}
    spent = {"system"} if convert == "chats" else {"document"} if convert in DOCUMENTS else set()
    left = dict.fromkeys(name for row in rows for name in row)
    return [name for name in left if name not in spent and (name in filled or name not in made)]


def _list(names: list[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"
