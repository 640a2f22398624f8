"""What a person must know now: how the run ended and how to go on, or the last warning with its advice."""

import textwrap
import time
from collections.abc import Iterator, Sequence
from typing import Any

from engine.history import Event, History
from tui.widgets.figures import count, log_line, one_line
from tui.widgets.spans import Part, Row, shorten


def notice(history: History, state: str, log: Sequence[str], width: int, *, gone: bool = False) -> list[Row]:
    """Return the rows below the curves: what is wrong with the journal (or it is `gone`), and how the run stands."""
    return [*_journal(history, width, gone=gone), *_standing(history, state, log, width)]


def _journal(history: History, width: int, *, gone: bool) -> Iterator[Row]:
    if gone:
        yield from _block(" ⚠ ", "warning", "Its journal is gone from the disk; this is what was read of it.", width)
    if history.skipped:
        lines = "1 line" if history.skipped == 1 else f"{count(history.skipped)} lines"
        yield from _block(" ⚠ ", "warning", f"{lines} of its journal can't be read and are left out.", width)


def _standing(history: History, state: str, log: Sequence[str], width: int) -> list[Row]:
    """Return the rows for this state of the run; `log` holds its last lines."""
    if state == "died":
        return [*_died(history, width), *_log(log, width), _way_on(history)]
    if state == "failed":
        log = () if (history.failed or {}).get("change") else log[-4:]
        return [*_failed(history, width), *_log(log, width), *_another(history), _way_on(history)]
    if state == "stopped":
        return [(Part(" ■ ", "warning"), Part(f"Stopped at step {count(history.step)}.")), _way_on(history)]
    if state == "completed" and history.results is None:
        return list(_warning(history, width)) or [(Part(" ✓ ", "good"), Part("Done. These are its curves."))]
    if state == "completed":
        return [(Part(" ✓ ", "good"), Part("Done. "), Part("⏎", "accent"), Part(" shows before and after."))]
    if state == "created":
        return [(Part("   This run has not been started. "), Part("r", "accent"), Part(" starts it."))]
    return list(_warning(history, width))


def _died(history: History, width: int) -> Iterator[Row]:
    where = f"at step {count(history.step)}" if history.begun else f"while it was at: {history.phase or 'starting'}"
    at = time.strftime("%H:%M:%S", time.localtime(history.last_time)) if history.last_time else "never"
    text = (
        f"The training process is gone, {where}; its last word came at {at}. "
        "It was killed, ran out of memory, or the machine went down."
    )
    yield from _block(" ✗ ", "wrong", text, width)


def _failed(history: History, width: int) -> Iterator[Row]:
    failed = history.failed or {}
    yield from _block(
        " ✗ ", "wrong", f"{one_line(failed.get('message', ''))} ({one_line(failed.get('code', ''))})", width
    )
    if failed.get("memory"):
        yield from _block("   ", "", _sizes(failed), width)
    if failed.get("advice"):
        yield from _block("   ", "", one_line(failed["advice"]), width)


def _sizes(failed: Event) -> str:
    """Return where the memory ran out and what was there, in GiB."""
    memory = failed["memory"] if isinstance(failed["memory"], dict) else {}
    words = {"requested": "asked for", "allocated": "held by the training", "free": "free", "total": "on the card"}
    known = [f"{memory[name] / 2**30:.1f} GiB {said}" for name, said in words.items() if _is_size(memory.get(name))]
    return f"In {one_line(str(failed.get('phase') or 'an unknown phase'))}: {', '.join(known) or 'sizes not known'}."


def _is_size(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _another(history: History) -> Iterator[Row]:
    failed = history.failed or {}
    if failed.get("change"):
        yield (Part("   "), Part("c", "accent"), Part(" opens the plan of a new run with this change."))


def _warning(history: History, width: int) -> Iterator[Row]:
    if not history.warnings:
        return
    last = history.warnings[-1]
    said = one_line(last["message"])
    where = "" if said.startswith("step ") else f"step {count(last['step'])}  "
    yield from _block(" ⚠ ", "warning", f"{where}{said}", width)
    if last["advice"]:
        yield from _block("   ", "", one_line(last["advice"]), width)


def _log(lines: Sequence[str], width: int) -> Iterator[Row]:
    for line in lines:
        yield (Part("   │ ", "muted"), Part(shorten(log_line(line), width - 6), "muted"))


def _way_on(history: History) -> Row:
    if history.is_command:
        last = max((entry["step"] for entry in history.checkpoints), default=None)
        saved = "it saved no checkpoint" if last is None else f"its last checkpoint is that of step {count(last)}"
        return (Part(f"   To go on, start the command again; {saved}."),)
    if history.checkpoints:
        last = max(entry["step"] for entry in history.checkpoints)
        return (Part("   "), Part("r", "accent"), Part(f" goes on from the checkpoint of step {count(last)}."))
    return (Part("   "), Part("r", "accent"), Part(" starts it again; no checkpoint had been saved."))


def _block(sign: str, style: str, text: str, width: int) -> Iterator[Row]:
    for index, line in enumerate(textwrap.wrap(text, max(20, width - 5), break_long_words=True)[:4]):
        yield (Part(sign if index == 0 else "   ", style), Part(line, style if style == "wrong" else ""))
