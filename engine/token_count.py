"""Counts the tokens of a data set's rows with a model's own tokenizer: of all rows, or of rows of every length."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from engine.chat_template import RenderError, own_template
from engine.data.convert import converted, turned
from engine.data.facts import DataFacts
from engine.data.jsons import Broken, Item, Row
from engine.data.sources import find
from engine.data.stream import Stream
from engine.lengths import texts
from engine.problem import Problem
from engine.row_texts import Reader, Reads, RowTexts
from engine.token_lengths import CountedTokens
from engine.tokenizer import Counted, Tokenizer

MOST_ROWS = 10_000
"""Rows that are looked at."""
MOST_BYTES = 1_500_000
"""Bytes of text that become tokens; of more, rows of every length are drawn, and the others follow the nearest."""
FEWEST = 64
"""Rows that are counted even where texts are long."""


class _Count:
    """What is known of the rows of one file, or of several tasks together."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int]] = []
        """The longest text and the answer of every row, in tokens."""
        self.texts: list[list[int]] = []
        """The texts of every row, in tokens."""
        self.tokens = self.unknown = self.letters = self.counted = 0


def count(known: Reads, tokenizer: Tokenizer, folder: Path, data: DataFacts) -> CountedTokens | None:
    """Return the tokens of the rows, None where the rows can't be read as the goal reads them."""
    found = _Count()
    several = bool(known.tasks) and len(known.tasks) == len(data.parts)
    for one, part in zip(known.tasks, data.parts, strict=True) if several else [(known, data)]:
        if not one.columns:
            return None
        try:
            reader = Reader(one, tokenizer, own_template(folder, tokenizer.config))
            _add(found, one, reader, tokenizer, list(islice(_rows(one, part), MOST_ROWS)))
        except (RenderError, Problem):
            return None
    if not found.rows:
        return None
    ordered = sorted(found.rows)
    columns = (
        list(zip(*found.texts, strict=True))
        if len({len(each) for each in found.texts}) == 1
        else [[max(each) for each in found.texts]]
    )
    return CountedTokens(
        rows=tuple(longest for longest, _ in ordered),
        answers=tuple(answer for _, answer in ordered),
        means=tuple(sum(column) / len(column) for column in columns),
        longest=tuple(max(column) for column in columns),
        density=found.tokens / max(1, found.letters),
        unknown=found.unknown / max(1, found.tokens),
        counted=found.counted,
        of=data.rows,
    )


def _rows(known: Reads, data: DataFacts) -> Iterator[Row]:
    items: Iterator[Item] = Stream(find(data.path).files).items
    if known.speakers and known.convert == "chats":
        items = (row for item in items if not isinstance(item, Broken) for row in _spoken(item, known))
    else:
        items = turned(items, known.convert)
    return (item for item in items if not isinstance(item, Broken))


def _spoken(row: Row, known: Reads) -> list[Row]:
    try:
        return converted("chats", [row], speakers=dict(known.speakers))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return []


def _add(found: _Count, known: Reads, reader: Reader, tokenizer: Tokenizer, rows: Sequence[Row]) -> None:
    """Count some of the rows, and let the others follow the nearest of them in length."""
    groups = [group or list(known.roles.values()) for group in texts(known.goal, known.roles)]
    sizes = [[sum(_bytes(row.get(name)) for name in group) for group in groups] for row in rows]
    order = sorted(range(len(rows)), key=lambda place: max(sizes[place]), reverse=True)  # the longest is always counted
    every = max(1, min(-(-sum(map(sum, sizes)) // MOST_BYTES), len(rows) // FEWEST))
    drawn = {place: made for place in order[::every] if (made := reader.read(rows[place])) is not None}
    counted = dict(zip(drawn, _tokens(found, list(drawn.values()), reader, tokenizer), strict=True))
    near: int | None = None
    for place in order:
        near = place if place in counted else near
        if near is None:
            continue
        lengths, answer = counted[near]
        whole = _ratio(max(sizes[place]), max(sizes[near]))
        each = [_ratio(*pair) for pair in zip(sizes[place], sizes[near], strict=True)]
        ratios = each if len(each) == len(lengths) else [whole] * len(lengths)
        tokens = [max(1, round(length * ratio)) for length, ratio in zip(lengths, ratios, strict=True)]
        found.texts.append(tokens)
        found.rows.append((max(tokens), round(answer * whole)))


def _ratio(size: int, other: int) -> float:
    return size / other if other else 1.0


def _bytes(value: Any) -> int:
    """Return the bytes of the text in a value, however nested: tokens follow them more closely than characters."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace"))
    if isinstance(value, dict):
        return sum(map(_bytes, value.values()))
    return sum(map(_bytes, value)) if isinstance(value, list | tuple) else len(str(value))


def _tokens(found: _Count, drawn: list[RowTexts], reader: Reader, tokenizer: Tokenizer) -> list[tuple[list[int], int]]:
    """Return the tokens of the texts of each row, and about those of its answer."""
    flat = [text for row in drawn for text in row.texts]
    counted = iter(tokenizer.count(flat, special=reader.special, ended=reader.ended))
    result = []
    for row in drawn:
        parts = [part.tokens for part in _noted(found, list(islice(counted, len(row.texts))))]
        sizes = [sum(map(len, text)) if isinstance(text, tuple) else len(text) for text in row.texts]
        found.letters += sum(sizes)
        result.append((parts, round(max(parts) * len(row.answer) / max(1, *sizes))))
    found.counted += len(drawn)
    return result


def _noted(found: _Count, parts: list[Counted]) -> list[Counted]:
    found.tokens += sum(part.tokens for part in parts)
    found.unknown += sum(part.unknown for part in parts)
    return parts
