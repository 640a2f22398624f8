"""A row as a model will see it, in signs that need no colour: what is trained on stands in brackets."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from tui.words import duration, literal

Kind = Literal["trained", "masked", "mark", "sign"]
OPEN, CLOSE, APART = "⟦", "⟧", "·"
LEARNED = {
    "tokens": f"{OPEN}in brackets{CLOSE}: trained on; the rest is only read",
    "whole": "each text is read whole and becomes one vector or number; no token of it is predicted",
    "answer": "the model answers this prompt itself, and its answers are what it is trained on",
}


BETTER = (
    ("padding_grouped", "with rows of about the same length together"),
    ("padding_packed", "packed"),
    ("padding_unpacked", "without packing"),
)


@dataclass(frozen=True, slots=True)
class Span:
    """Letters of one kind: trained on, masked, a special token, or a sign of ours that is in no text."""

    text: str
    kind: Kind


def spans(text: dict[str, Any], *, apart: bool = False) -> Iterator[Span]:
    """Yield the tokens of a text; `apart` puts a dot between two of them."""
    tokens = list(zip(text["pieces"], text["trained"], text["special"], strict=True))
    for trained, group in groupby(tokens, key=lambda token: token[1]):
        if trained:
            yield Span(OPEN, "sign")
        for place, (piece, _, special) in enumerate(group):
            if apart and place:
                yield Span(APART, "sign")
            yield from shown(piece, "mark" if special else "trained" if trained else "masked")
        if trained:
            yield Span(CLOSE, "sign")


def shown(piece: str, kind: Kind) -> Iterator[Span]:
    """Yield a token's letters with nothing in them that steers a terminal; a line ends after its sign."""
    lines = piece.split("\n")
    for place, line in enumerate(lines):
        if line:
            yield Span(literal(line), kind)
        if place < len(lines) - 1:
            yield Span("↵", "sign")
            yield Span("\n", "sign")


def wrapped(found: Iterable[Span], width: int) -> list[list[Span]]:
    """Return spans as lines that are no wider than `width` cells."""
    from rich.cells import cell_len

    lines: list[list[Span]] = [[]]
    room = width
    for span in found:
        if span.text == "\n":
            lines.append([])
            room = width
            continue
        rest = span.text
        while rest:
            part, taken = fitting(rest, room, cell_len)
            if not part and room < width:
                lines.append([])
                room = width
                continue
            part = part or rest[0]
            lines[-1].append(Span(part, span.kind))
            room -= taken
            rest = rest[len(part) :]
    return [line for place, line in enumerate(lines) if line or place < len(lines) - 1]


def fitting(text: str, room: int, cells: Any) -> tuple[str, int]:
    """Return the beginning of a text that fits into so many cells, and how many it takes."""
    taken = 0
    for place, letter in enumerate(text):
        wide = cells(letter)
        if taken + wide > room:
            return text[:place], taken
        taken += wide
    return text, taken


def heading(row: dict[str, Any], text: dict[str, Any]) -> str:
    """Return how long one text of a row is, and how much of it is learned."""
    tokens, learned = len(text["ids"]), sum(text["trained"])
    share = f", {learned:,} trained on" if row["learned"] == "tokens" else ""
    return f"{text['name']} ({tokens:,} tokens{share})"


def totals_lines(totals: dict[str, Any], seconds: float | None = None) -> Iterator[str]:
    """Yield the totals of all rows in words; what was counted on a part of them says so.

    `seconds` is what the training will take by its estimate.
    """
    part = totals["rows_counted"] < totals["rows"]
    rows = (
        f"the first {totals['rows_counted']:,} of {totals['rows']:,} rows" if part else f"all {totals['rows']:,} rows"
    )
    learned = "" if totals["trained"] is None else f", {totals['trained']:,} trained on ({share(totals, 'trained')})"
    yield f"{rows}: {totals['examples']:,} examples, {totals['tokens']:,} tokens{learned}"
    if totals.get("without"):
        yield f"✗ {totals['without']:,} examples have no token that is trained on"
    if totals.get("cut") is not None:
        yield cut_line(totals)
    yield padding_line(totals, seconds)


def share(totals: dict[str, Any], name: str) -> str:
    """Return a number of tokens as a share of all."""
    return f"{totals[name] / max(totals['tokens'], 1):.1%}".replace("%", " %")


def cut_line(totals: dict[str, Any]) -> str:
    """Return how many examples are longer than the longest text."""
    longest = f"{totals['max_length']:,} tokens"
    if not totals["cut"]:
        return f"no example is cut at {longest}"
    if totals.get("left_out"):
        return f"⚠ {totals['left_out']:,} examples are longer than {longest} and left out"
    prompts, answers = totals.get("cut_prompts"), totals.get("cut_answers")
    begun = f"; {prompts:,} lose the beginning of the prompt" if prompts else ""
    lost = "" if answers is None else f"; of {answers:,} the answer is cut" if answers else "; no answer is cut"
    return f"⚠ {totals['cut']:,} examples are cut at {longest}{begun}{lost}"


def padding_line(totals: dict[str, Any], seconds: float | None = None) -> str:
    """Return how much of a batch is padding and what it costs, as it is and as it could be."""
    cost = f" (~{duration(totals['padding'] * seconds)} of ~{duration(seconds)})" if seconds else ""
    return f"padding: {percent(totals['padding'])} of what is computed{cost}" + "".join(
        f"; {percent(totals[name])} {words}" for name, words in BETTER if totals.get(name) is not None
    )


def percent(value: float) -> str:
    """Return a share with one digit behind the point."""
    return f"{value * 100:.1f} %"
