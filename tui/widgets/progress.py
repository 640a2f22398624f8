"""How far a run is: the row above its curves, and the list of phases before there are any."""

from collections.abc import Iterator

from engine.history import Event, History
from tui.widgets.figures import clock, count
from tui.widgets.spans import Part, Row, shorten, spread
from tui.words import duration, literal, size

PHASES = {
    "waiting": ("Waiting", "it begins when the run before it has ended"),
    "libraries": ("Libraries", "loading torch, transformers and their family"),
    "data": ("Data", "reading and splitting the rows"),
    "model": ("Model", "loading the weights"),
    "baseline": ("Baseline", "measuring the model as it is, to compare with"),
    "training": ("Training", ""),
    "script": ("Script", "the command runs; its curves begin with its first trainer"),
}
WORDS = {
    "created": "not started",
    "running": "starting",
    "completed": "done",
    "stopped": "stopped",
    "failed": "failed",
    "died": "gone",
    "elsewhere": "training elsewhere",
    "file": "as others wrote it",
}
STYLES = {"completed": "good", "stopped": "warning", "failed": "wrong", "died": "wrong"}
GOING = ("running", "elsewhere")


def bar(share: float, width: int) -> tuple[Part, ...]:
    """Return a bar of `width` cells, filled to `share`."""
    room = max(1, width - 2)
    full = round(min(1.0, max(0.0, share)) * room)
    return (Part("▐", "muted"), Part("█" * full, "accent"), Part("░" * (room - full) + "▌", "muted"))


def phase_words(history: History, state: str) -> str:
    """Return in a word or two what the run is doing, with the share of it that is done where that is known."""
    if state not in GOING or not history.phase:
        return WORDS[state]
    progress = history.progress
    if progress and progress["total"] and history.phase in ("evaluating", "saving", "baseline"):
        return f"{history.phase} {min(1.0, progress['done'] / progress['total']):.0%}".replace("%", " %")
    return literal(history.phase)


def heading(name: str, history: History, state: str, now: float, width: int, said: str = "") -> list[Row]:
    """Return the title of a run: name, phase, what is `said`, step, epoch and time; at the right edge time left."""
    share = history.step / history.max_steps if history.max_steps else 0.0
    words = phase_words(history, state) + said
    room = width - (76 if width >= 100 else 44)
    title = [Part(f" {shorten(name, max(16, room))}", "strong"), Part(f" · {words}", STYLES.get(state, "accent"))]
    steps, left = list(_steps(history, state, now)), _left(history, state)
    if width >= 100:
        right = [Part(f"{share:.0%} ".replace("%", " %")), *bar(share, 20), Part(left)] if history.max_steps else []
        return [spread([*title, *steps], right, width)]
    if not history.max_steps:
        return [spread(title, steps, width)]
    rest = [Part(f" {share:.0%} ".replace("%", " %")), *bar(share, 26), *steps]
    return [spread(title, [Part(left)], width), spread(rest, [], width)]


def _steps(history: History, state: str, now: float) -> Iterator[Part]:
    if history.begun is not None:
        planned = f" of {count(history.max_steps)}" if history.max_steps else ""
        yield Part(f"  step {count(history.step)}{planned}")
        yield Part(f" · epoch {history.epoch:.2f}", keep=4)
    if history.started is not None:
        start = history.started.get("time")
        end = now if state in GOING else history.last_time
        yield Part(f" · {clock(end - start if isinstance(start, (int, float)) else 0)} ", "muted", 3)


def _left(history: History, state: str) -> str:
    seconds = history.seconds_left
    return f" {duration(seconds)} left " if state in GOING and seconds else " "


def stages(history: History, now: float, width: int, *, whole: bool = True) -> list[Row]:
    """Return one row per phase before the training: done with its time, going with its progress, or still to come.

    Not `whole`: only the one that is going, for a run that has curves already.
    """
    if not whole:
        return [_going(history, now, width)]
    names = list(dict.fromkeys([name for name, _ in history.phases]))
    ours = "script" not in names
    ahead = [name for name in PHASES if name not in (*names, "script", "waiting")] if ours else ["training"]
    ends = [since for _, since in history.phases[1:]]
    rows = [_done(name, end - since) for (name, since), end in zip(history.phases, ends, strict=False)]
    return [*rows, _going(history, now, width), *((Part("   "), Part(PHASES[name][0], "muted")) for name in ahead)]


def _title(name: str) -> str:
    return PHASES[name][0] if name in PHASES else literal(name)


def _done(name: str, seconds: float) -> Row:
    return (Part(" ✓ ", "good"), Part(f"{_title(name):<12}"), Part(clock(seconds), "muted"))


def _going(history: History, now: float, width: int) -> Row:
    name, since = history.phases[-1]
    elapsed = Part(f"{clock(now - since)} ", "muted")
    title = [Part(" ▸ ", "accent"), Part(f"{_title(name):<12}", "strong")]
    return spread([*title, *_amount(history.progress, name, width - 24)], [elapsed], width)


def _amount(progress: Event | None, phase: str, room: int) -> list[Part]:
    if progress is None:
        return [Part(shorten(PHASES.get(phase, ("", ""))[1], room))]
    words = shorten(literal(progress["name"]), max(10, room - 46))
    done, total = (_measure(progress[key], progress["unit"]) for key in ("done", "total"))
    if not progress["total"]:
        return [Part(f"{words}  {done} {_unit(progress['unit'])}")]
    share = progress["done"] / progress["total"]
    return [Part(f"{words}  "), *bar(share, 20), Part(f" {done} of {total} {_unit(progress['unit'])}")]


def _measure(amount: float | None, unit: str) -> str:
    return "?" if amount is None else size(int(amount)) if unit.lower() in ("b", "byte", "bytes") else count(amount)


def _unit(unit: str) -> str:
    return "" if unit.lower() in ("b", "byte", "bytes", "it") else literal(unit)
