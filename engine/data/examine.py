"""The look itself: a bounded sample is profiled and recognised, and the rest of the rows is counted as it goes by."""

import re
from itertools import chain

from engine.data.facts import DataFacts, DataProblem, Suit
from engine.data.jsons import Broken, Item
from engine.data.kinds import Seen, columns
from engine.data.recognise import Match, Sheet, matches, plain_name
from engine.data.rows import Reading
from engine.data.sources import find
from engine.data.stream import Stream, shortened
from engine.data.tally import Tally
from engine.data.uses import OPTIONAL, obstacles, suits
from engine.problem import Problem

FEW_ROWS = 100
UNSURE = 0.6
"""Below this confidence the person is asked to check the format."""
_GROUP = re.compile(
    r"(.*_)?(context|document|doc|passage|paragraph|page|article|report|file|source|topic|group|title|user|session"
    r"|conversation|author|thread)(_?(id|name|uid|title))?"
)


def examine(path: str) -> DataFacts:
    """Find the files behind a name and say what their rows are; raises Problem when there are none."""
    found = find(path)
    stream = Stream(found.files)
    sample = stream.sample()
    rows = [item for item in sample if not isinstance(item, Broken)]
    if not rows:
        raise _rowless(path, sample, stream.problems)
    first = stream.readings[0]
    sheet = Sheet(columns(rows, first.kind != "table"), rows, first.shape)
    best, *others = matches(sheet)
    goals = suits(best, sheet)
    tally = _counted(sample, stream, goals)
    return DataFacts(
        path=path,
        format=best.label,
        confidence=best.confidence,
        why=best.why,
        rows=tally.rows,
        columns=tuple(seen.column() for seen in sheet.columns.values()),
        suits=goals,
        lengths=tally.lengths(),
        problems=(
            *tally.problems(),
            *obstacles(best, goals, sheet),
            *_size(tally.rows),
            *_manner(stream.readings, sheet),
            *_doubt(best, others, goals),
            *stream.problems,
            *found.notes,
        ),
        examples=tuple(shortened(row) for row in rows[:3]),
        groups=_groups(sheet, goals),
    )


def _rowless(path: str, sample: list[Item], problems: list[DataProblem]) -> Problem:
    broken = next((item for item in sample if isinstance(item, Broken)), None)
    if broken is not None:
        advice = "no row could be read; is this the right file, and is it whole?"
        return Problem(f"{broken.place} {broken.message}", where=path, advice=advice, code="broken_row")
    if problems:
        return Problem(problems[0].message, where=path, advice=problems[0].advice, code=problems[0].code)
    return Problem("the file holds no rows", where=path, advice="give a file with rows in it", code="empty")


def _counted(sample: list[Item], stream: Stream, goals: tuple[Suit, ...]) -> Tally:
    """Count all rows; where the files know their number only the sampled ones are read."""
    roles = goals[0].columns if goals else {}
    lines = stream.readings[0].kind == "text"
    tally = Tally(roles.values(), [name for role, name in roles.items() if role in OPTIONAL], equal=not lines)
    total = stream.total()
    for item in chain(sample, () if total is not None else stream.items):
        tally.add(item)
    tally.rows = tally.rows if total is None else total
    return tally


def _size(rows: int) -> list[DataProblem]:
    if rows == 1:
        advice = "give at least two rows, better a few hundred: one is held out for the test"
        return [DataProblem("one_row", "there is only one row", None, "wrong", advice)]
    if rows < FEW_ROWS:
        advice = "a few hundred good rows are the usual start"
        return [DataProblem("too_few_rows", f"there are only {rows} rows", advice=advice)]
    return []


def _manner(readings: list[Reading], sheet: Sheet) -> list[DataProblem]:
    """What about the way of writing would make a training read other rows than those seen here."""
    found = []
    for reading in readings:
        name = reading.path.name
        if reading.encoding not in ("", "utf-8", "utf-8-sig"):
            found.append(("encoding", f"'{name}' is written in {reading.encoding}", "save it as UTF-8"))
        if reading.delimiter and reading.delimiter != ("\t" if reading.suffix == ".tsv" else ","):
            found.append(
                ("delimiter", f"the cells of '{name}' are parted by {reading.delimiter!r}", "part them by commas")
            )
        if reading.kind in ("json", "jsonl") and reading.suffix not in (".json", ".jsonl", ".ndjson"):
            found.append(("wrong_suffix", f"'{name}' holds JSON", "give it a name that ends in .json or .jsonl"))
        if reading.kind == "table" and _headless(sheet):
            found.append(
                ("no_header", f"the first line of '{name}' looks like a row", "put the names of the columns there")
            )
    mixed = [
        DataProblem(
            "mixed_types", f"'{seen.name}' holds values of several kinds", advice="give a column one kind of value"
        )
        for seen in sheet.columns.values()
        if seen.kind == "mixed"
    ]
    return [*mixed, *(DataProblem(code, message, None, "wrong", advice) for code, message, advice in found)]


def _headless(sheet: Sheet) -> bool:
    names = list(sheet.columns)
    return any(len(name) > 60 or name.rstrip().endswith(("?", ".", "!")) for name in names) or all(
        name.replace(".", "").replace("-", "").isdigit() for name in names
    )


def _doubt(best: Match, others: list[Match], goals: tuple[Suit, ...]) -> list[DataProblem]:
    if best.confidence >= UNSURE or not goals:
        return []
    other = next((match.label for match in others if match.label != best.label), "")
    message = f"the columns do not say for sure what they are: {best.label}" + (f", or {other}" if other else "")
    return [DataProblem("unsure", message, advice="check which column plays which role")]


def _groups(sheet: Sheet, goals: tuple[Suit, ...]) -> tuple[str, ...]:
    """Columns outside the roles whose values repeat and whose names speak of documents."""
    used = {name for goal in goals for name in goal.columns.values()}
    return tuple(seen.name for seen in sheet.columns.values() if seen.name not in used and _repeats(seen, sheet))


def _repeats(seen: Seen, sheet: Sheet) -> bool:
    repeated = 1 < seen.distinct <= 0.8 * len(sheet.sample)
    return repeated and seen.filled == 1 and bool(_GROUP.fullmatch(plain_name(seen.name)))
