"""The look itself: a bounded sample is profiled and recognised, and the rest of the rows is counted as it goes by."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from engine.data.convert import DOCUMENTS, MULTIPLYING, tried, turned
from engine.data.facts import DataFacts, DataProblem, Suit
from engine.data.jsons import Broken, Item, Row
from engine.data.kinds import Seen, columns
from engine.data.labels import no_labels
from engine.data.reading import fields_of, readable
from engine.data.recognise import Match, Sheet, matches, plain_name
from engine.data.rows import Reading
from engine.data.sources import find, is_local
from engine.data.stream import Stream, shortened
from engine.data.tally import Tally
from engine.data.thinking import has_thinking
from engine.data.uses import OPTIONAL, obstacles, suits
from engine.data.within import within
from engine.problem import Problem

Tell = Callable[[DataFacts | int], None]
LARGE = 1 << 26
"""Bytes from which on a file is told of before all of it is counted."""
OFTEN = 50_000
"""Rows between two words about how many are counted."""
FEW_ROWS = 100
FEW_DOCUMENTS = 5
"""Documents from which on some can be kept for the test."""
UNSURE = 0.6
"""Below this confidence the person is asked to check the format."""
_GROUP = re.compile(
    r"(.*_)?(context|document|doc|passage|paragraph|page|article|report|file|source|topic|group|title|user|session"
    r"|conversation|author|thread)(_?(id|name|uid|title))?"
)


def examine(path: str, tell: Tell | None = None) -> DataFacts:
    """Find the files behind a name and say what their rows are; raises Problem when there are none.

    Of a large file `tell` hears at once what its first rows say, and from time to time how many are counted.
    """
    found = find(path)
    stream = Stream(found.files)
    sample = stream.sample()
    rows = _whole(path, sample, stream)
    sheet = Sheet(columns(rows, stream.readings[0].kind != "table"), rows, stream.readings[0].shape)
    best, *others = matches(sheet)
    fields = fields_of(stream.readings, local=is_local(path))
    goals = readable(suits(best, sheet), stream.readings, fields, local=is_local(path))
    facts = DataFacts(
        path=path,
        format=best.label,
        confidence=best.confidence,
        why=best.why,
        rows=0,
        columns=tuple(seen.column() for seen in sheet.columns.values()),
        suits=goals,
        lengths=Tally(()).lengths(),
        problems=(
            *obstacles(best, goals, sheet),
            *_manner(stream.readings, sheet, fields is not None),
            *_doubt(best, others, goals),
            *found.notes,
        ),
        examples=tuple(shortened(row) for row in rows[:3]),
        groups=_groups(sheet, goals),
        next_best=next((match.label for match in others if match.label != best.label), ""),
        reading=dict(fields or {}),
        converted=_shown(goals, rows),
        part=found.part,
        **_special(goals, rows, within(path, found.test) if found.test else ""),
    )
    if tell is not None and sum(file.stat().st_size for file in found.files) > LARGE:
        begun = _with(facts, _counted(sample, None, goals), stream)
        tell(replace(begun, rows=_roughly(rows, found.files, begun.rows), counted=begun.rows))
    return _with(facts, _counted(sample, stream, goals, tell), stream)


def _whole(path: str, sample: list[Item], stream: Stream) -> list[Row]:
    """Return the rows of a sample that are not broken; raises Problem where there are none."""
    rows = [item for item in sample if not isinstance(item, Broken)]
    if not rows:
        raise _rowless(path, sample, stream.problems)
    return rows


def _special(goals: tuple[Suit, ...], rows: list[Row], test: str) -> dict[str, Any]:
    """Return what the guide has to know of the test and of what stands in the rows, by the fields of the facts."""
    return {"test": test, "no_label": no_labels(goals, rows), "thinking": _thinks(goals, rows)}


def _with(facts: DataFacts, tally: Tally, stream: Stream) -> DataFacts:
    """Return the facts with what was counted, and what went wrong on the way."""
    broken = _mendable(tally.problems(), stream.readings, local=is_local(facts.path))
    problems = (*broken, *_size(tally.rows), *facts.problems, *stream.problems)
    facts = replace(facts, distinct=tally.distinct, filled=tally.filled)
    return replace(facts, rows=tally.rows, lengths=tally.lengths(), problems=problems)


def _roughly(rows: list[Row], files: Sequence[Path], least: int) -> int:
    """Return about how many rows files hold, by the size of the first ones as JSON; packed files hold more."""
    size = sum(len(json.dumps(row, default=str, ensure_ascii=False).encode("utf-8", "replace")) for row in rows[:200])
    return max(least, round(sum(file.stat().st_size for file in files) * len(rows[:200]) / max(size, 1)))


def _rowless(path: str, sample: list[Item], problems: list[DataProblem]) -> Problem:
    broken = next((item for item in sample if isinstance(item, Broken)), None)
    if broken is not None:
        advice = "no row could be read; is this the right file, and is it whole?"
        return Problem(f"{broken.place} {broken.message}", where=path, advice=advice, code="broken_row")
    if problems:
        return Problem(problems[0].message, where=path, advice=problems[0].advice, code=problems[0].code)
    return Problem("the file holds no rows", where=path, advice="give a file with rows in it", code="empty")


def _counted(sample: list[Item], stream: Stream | None, goals: tuple[Suit, ...], tell: Tell | None = None) -> Tally:
    """Count all rows; where the files know their number, or no stream is given, only the sampled ones are read."""
    roles = goals[0].columns if goals else {}
    lines = stream is not None and stream.readings[0].kind == "text"
    convert = goals[0].convert if goals else "none"
    tally = Tally(roles.values(), [name for role, name in roles.items() if role in OPTIONAL], equal=not lines)
    total = stream.total() if stream is not None and convert not in MULTIPLYING else None
    rest = () if total is not None or stream is None else stream.items
    for item in turned(chain(sample, rest), convert):
        tally.add(item)
        if tell is not None and tally.rows % OFTEN == 0:
            tell(tally.rows)
    if total is not None and total != tally.rows:
        tally.rows = total
        tally.forget_filled()  # only the first rows were looked at
    return tally


def _mendable(problems: list[DataProblem], readings: list[Reading], *, local: bool) -> list[DataProblem]:
    """Broken lines can be left out where lines are read one by one."""
    able = local and all(reading.kind in ("jsonl", "table") and reading.shape == "rows" for reading in readings)
    return [replace(each, remedies=("drop",)) if able and each.code == "broken_row" else each for each in problems]


def _size(rows: int) -> list[DataProblem]:
    if rows == 1:
        advice = "give at least two rows, better a few hundred: one is held out for the test"
        return [DataProblem("one_row", "there is only one row", None, "wrong", advice)]
    if rows < FEW_ROWS:
        advice = "a few hundred good rows are the usual start"
        return [DataProblem("too_few_rows", f"there are only {rows} rows", advice=advice)]
    return []


def _shown(goals: tuple[Suit, ...], rows: list[Row]) -> dict[str, tuple[Row, ...]]:
    """Return the first rows after each conversion that a goal needs."""
    names = dict.fromkeys(goal.convert for goal in goals if goal.convert != "none")
    return {name: tuple(shortened(row) for row in tried(name, rows[:20], 3)) for name in names}


def _thinks(goals: tuple[Suit, ...], rows: list[Row]) -> bool:
    """Return whether thinking text stands in the rows as the best goal reads them."""
    if not goals:
        return False
    made = rows if goals[0].convert == "none" else tried(goals[0].convert, rows)
    return any(has_thinking(row, goals[0].columns) for row in made)


def _manner(readings: list[Reading], sheet: Sheet, readable: bool) -> list[DataProblem]:
    """What is unusual about the way of writing: told, because the run reads it so."""
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
            found.append(("wrong_suffix", f"'{name}' holds JSON", "a name that ends in .json or .jsonl would say so"))
        if not reading.header:
            what = f"the first line of '{name}' is a row like the others; its columns are called column_1, column_2, …"
            found.append(("no_header", what, "put the names of the columns there, if you like"))
    mixed = [
        DataProblem(
            "mixed_types", f"'{seen.name}' holds values of several kinds", advice="give a column one kind of value"
        )
        for seen in sheet.columns.values()
        if seen.kind == "mixed"
    ]
    if not readable:
        what = "the files are written in ways that no one training can read together"
        mixed.append(DataProblem("mixed_files", what, None, "wrong", "write all of them as JSON lines in UTF-8"))
    return [*mixed, *(DataProblem(code, message, None, "warning", advice) for code, message, advice in found)]


def _doubt(best: Match, others: list[Match], goals: tuple[Suit, ...]) -> list[DataProblem]:
    if best.confidence >= UNSURE or not goals:
        return []
    other = next((match.label for match in others if match.label != best.label), "")
    message = f"the columns do not say for sure what they are: {best.label}" + (f", or {other}" if other else "")
    return [DataProblem("unsure", message, advice="check which column plays which role")]


def _groups(sheet: Sheet, goals: tuple[Suit, ...]) -> tuple[str, ...]:
    """Columns outside the roles whose values repeat and whose names speak of documents."""
    if goals and goals[0].convert in MULTIPLYING:
        return ("document",) if goals[0].convert in DOCUMENTS and len(sheet.sample) >= FEW_DOCUMENTS else ()
    used = {name for goal in goals for name in goal.columns.values()}
    return tuple(seen.name for seen in sheet.columns.values() if seen.name not in used and _repeats(seen, sheet))


def _repeats(seen: Seen, sheet: Sheet) -> bool:
    repeated = 1 < seen.distinct <= 0.8 * len(sheet.sample)
    return repeated and seen.filled == 1 and bool(_GROUP.fullmatch(plain_name(seen.name)))
