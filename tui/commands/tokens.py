"""The command that shows rows as the model will see them."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui.commands.options import Json, Python, RunFile, Runs, Sets, Trust
from tui.tokens import LEARNED, Span, heading, spans, totals_lines, wrapped

if TYPE_CHECKING:
    from engine.guide import Plan
    from engine.preview import Preview

COLOURS = {"trained": "1;32", "masked": "2", "mark": "36", "sign": "2"}
"""How a terminal is told: bold green, faint, blue-green."""


def tokens(
    file: RunFile,
    row: Annotated[int, typer.Option("--row", metavar="N", min=1, help="The example to show, from 1 on.")] = 1,
    rows: Annotated[
        int | None,
        typer.Option("--rows", metavar="N", min=0, help="Count the totals on so many rows; 0: on all of them."),
    ] = None,
    settings: Sets = None,
    trust: Trust = False,
    python: Python = None,
    runs_folder: Runs = None,
    as_json: Json = False,
) -> None:
    """Show what the model will see of a row: tokens, which are trained on, and the totals of all rows."""
    from engine.preview import ROWS, Preview
    from engine.roots import root
    from tui.commands.consent import consenting
    from tui.commands.say import emit, say

    limit = ROWS if rows is None else rows

    def begin() -> "tuple[Plan, Preview]":
        plan, script = planned(file, settings or [], root(runs_folder))
        return plan, Preview(plan.run, rows=limit, script=script, python=python, first=row - 1)

    plan, process = consenting(begin, settings or [], trust)
    with process as preview:
        preview.finish()
        found = gathered(preview, quiet=as_json)
    if as_json:
        emit(document(plan.run.goal, found))
        return
    for line in row_lines(found["row"]):
        paint(line)
    known = plan.estimate.seconds if plan.estimate else None
    why = plan.reasons.get("objective.chat_template")
    notes = [*found["notes"], *([f"chat template: {why}"] if why else [])]
    for words in (*totals_lines(found["totals"], known and known[1]), *notes):
        say(words)


def planned(file: Path, settings: list[str], root: Path) -> "tuple[Plan, str | None]":
    """Return the plan of a run file, and its script where somebody edited it."""
    from engine.guide import recommend
    from engine.machine import look
    from tui.commands import facts
    from tui.commands.start import script_to_run

    path = facts.run_file(file)
    answers = facts.answers_of(path, settings, root)
    sight = facts.here(answers, look(root))
    return recommend(answers, sight), script_to_run(path, settings)


def gathered(preview: "Preview", *, quiet: bool) -> dict[str, Any]:
    """Return row, totals and notes, as soon as all is counted; say what is done meanwhile where somebody waits."""
    from tui.commands.say import complain

    found: dict[str, Any] = {"row": None, "totals": {}, "notes": []}
    for event in preview.events():
        kind = event.pop("type")
        if kind == "row":
            found["row"] = event
        elif kind in ("totals", "cut"):
            found["totals"] |= event
        elif kind == "note" and event["text"] not in found["notes"]:
            found["notes"].append(event["text"])
        elif kind == "phase" and not quiet and sys.stderr.isatty():
            complain(f"{event['name']} ...")
    return found


def document(goal: str, found: dict[str, Any]) -> dict[str, Any]:
    """Return everything as one JSON document, a token as one object."""
    row = found["row"]
    parts = ("ids", "pieces", "trained", "special")
    texts = [
        {
            "name": text["name"],
            "text": "".join(text["pieces"]),
            "tokens": [
                {"id": number, "text": piece, "trained": bool(trained), "special": bool(special)}
                for number, piece, trained, special in zip(*(text[part] for part in parts), strict=True)
            ],
        }
        for text in row["texts"]
    ]
    shown = {"number": row["number"] + 1, "of": row["count"], "label": row["label"], "texts": texts}
    return {"goal": goal, "learned": row["learned"], "row": shown, "totals": found["totals"], "notes": found["notes"]}


def row_lines(row: dict[str, Any]) -> Iterator[list[Span]]:
    """Yield the lines of a row: each text as it reads, and as its tokens."""
    width = max(20, shutil.get_terminal_size((100, 24)).columns)
    label = f" · label {row['label']}" if row["label"] else ""
    yield [Span(f"example {row['number'] + 1:,} of {row['count']:,}{label}", "sign")]
    yield [Span(LEARNED[row["learned"]], "sign")]
    for text in row["texts"]:
        yield []
        yield [Span(heading(row, text), "sign")]
        yield from wrapped(spans(text), width)
        yield []
        yield [Span("as tokens", "sign")]
        yield from wrapped((span for span in spans(text, apart=True) if span.text != "\n"), width)
    yield []


def paint(line: list[Span]) -> None:
    """Print a line, in colour where a person looks at it and wants it."""
    from tui.commands.say import say
    from tui.words import literal

    if (
        not sys.stdout.isatty()
        or os.environ.get("NO_COLOR")
        or (sys.stdout.encoding or "").lower() not in ("utf-8", "utf8")
    ):
        say("".join(span.text for span in line))
        return
    print("".join(f"\x1b[{COLOURS[span.kind]}m{literal(span.text)}\x1b[0m" for span in line), flush=True)
