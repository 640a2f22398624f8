"""The list of runs: one line each, read from the two ends of their journals."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import remarks
from engine.command import described as command_of
from engine.event import EVENTS
from engine.history import History
from engine.problem import Problem
from engine.run import GOING, State, state
from engine.run_folder import folders, is_edited, load, written

END = 64 * 1024


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the list of runs."""

    folder: Path
    name: str
    state: State
    goal: str
    model: str
    step: int
    max_steps: int | None
    metric: str
    started: float | None
    edited: bool
    note: str = ""
    tags: tuple[str, ...] = ()


def listing(runs: Path) -> list[Summary]:
    """Return a line per run: those going on first, then the newest."""
    found = []
    for folder in folders(runs):
        with suppress(FileNotFoundError):  # deleted while this list is made
            found.append(_summary(folder))
    return sorted(found, key=lambda line: (line.state not in GOING, -(line.started or 0.0)))


def _summary(folder: Path) -> Summary:
    known = glance(folder)
    goal, model = _describe(folder)
    written_about = remarks.note(folder)
    return Summary(
        folder=folder,
        name=folder.name,
        state=state(folder, known),
        goal=goal,
        model=model,
        step=known.step,
        max_steps=known.max_steps,
        metric=metric(known),
        started=(known.started or {}).get("time") or written(folder) / 1e9,
        edited=is_edited(folder),
        note=written_about,
        tags=remarks.tags(written_about),
    )


def _describe(folder: Path) -> tuple[str, str]:
    try:
        described = load(folder)
    except Problem:
        words = command_of(folder)
        return ("script", " ".join(words)) if words else ("?", "?")
    if described.model.origin:
        return described.goal, f"from {described.model.origin}"
    name = Path(described.model.id)
    return described.goal, name.name if name.is_absolute() else described.model.id


def glance(folder: Path) -> History:
    """Return what the two ends of a run's journal tell: enough for a line and its state, at any length."""
    import orjson

    known = History()
    try:
        with (folder / EVENTS).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            text = file.read() if size <= 2 * END else file.read(END).rpartition(b"\n")[0] + b"\n"
            if size > 2 * END:
                file.seek(size - END)
                text += file.read().partition(b"\n")[2]
    except OSError:
        return known
    for line in text.split(b"\n")[:-1]:
        try:
            event: Any = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(event, dict):
            known.apply(event)
    return known


def metric(known: History) -> str:
    """Return the number that says most about a run: nDCG@10 at full width, or a loss."""
    for name, series in known.evaluated.items():
        if name.endswith("ndcg@10") and series.last is not None:
            return f"nDCG@10 {series.last:.4f}"
    for name, label, curves in (("eval_loss", "eval loss", known.evaluated), ("loss", "loss", known.metrics)):
        found = curves.get(name)
        if found is not None and found.last is not None:
            return f"{label} {found.last:.4f}"
    return ""
