"""What the ledger says: the peak, where it is, what lives at that moment, and the course of it all."""

from collections import defaultdict
from typing import Any

from engine.worker.trace.ledger import Birth, Ledger

GIB = 2**30
POINTS = 240
"""Points of the timeline that are handed on."""


def account(ledger: Ledger, marks: dict[str, set[int]]) -> dict[str, Any]:
    """Return the peak in GiB, phase and module, its terms, and the largest need of each slice of time."""
    begin = next((place for place, event in enumerate(ledger.events) if trains(ledger, event)), 0)
    alive: set[int] = set()
    now = peak = at = 0
    course: list[tuple[int, str]] = []
    for place, event in enumerate(ledger.events):
        if event >= 0:
            now += ledger.births[event].size
        else:
            now -= ledger.births[~event].size
        if place >= begin and event >= 0:
            course.append((now, ledger.births[event].phase))
            if now > peak:
                peak, at = now, place
    for event in ledger.events[: at + 1]:
        (alive.add if event >= 0 else lambda gone: alive.discard(~gone))(event)
    highest = ledger.births[ledger.events[at]] if ledger.events else Birth(0, "", -1, True)
    return {
        "peak_gib": peak / GIB,
        "phase": highest.phase,
        "module": ledger.place(highest) if highest.phase in ("forward", "backward") else "",
        "terms": {name: size / GIB for name, size in terms(ledger, alive, marks).items()},
        "phases": {name: size / GIB for name, size in by_phase(course).items()},
        "timeline": timeline(course),
        "operations": ledger.operations,
    }


def trains(ledger: Ledger, event: int) -> bool:
    """Return whether this is a birth of the training."""
    return event >= 0 and ledger.births[event].phase != "model"


def by_phase(course: list[tuple[int, str]]) -> dict[str, int]:
    """Return the peak of every phase."""
    found: dict[str, int] = defaultdict(int)
    for size, phase in course:
        found[phase] = max(found[phase], size)
    return dict(found)


def terms(ledger: Ledger, alive: set[int], marks: dict[str, set[int]]) -> dict[str, int]:
    """Return what lives at the peak, by what it is."""
    found: dict[str, int] = defaultdict(int)
    for number in alive:
        found[kind(ledger, number, marks)] += ledger.births[number].size
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def kind(ledger: Ledger, number: int, marks: dict[str, set[int]]) -> str:
    """Return what a storage is: named by who holds it, or else by when it was made."""
    if number in marks["weights"]:
        return "trained weights" if number in marks["learned"] else "weights"
    for name, term in (("gradients", "gradients"), ("states", "optimizer")):
        if number in marks[name]:
            return term
    birth = ledger.births[number]
    made = {
        "model": "weights",
        "forward": "activations",
        "backward": "backward",
        "clip": "clipping",
        "optimizer": "update",
    }
    if birth.phase == "forward" and "." not in ledger.place(birth).replace("base_model.model.", ""):
        return "loss"
    return made.get(birth.phase, birth.phase)


def timeline(course: list[tuple[int, str]]) -> list[dict[str, Any]]:
    """Return the largest need of each slice of the training, with its phase."""
    slices = min(POINTS, len(course))
    cut = [course[len(course) * n // slices : len(course) * (n + 1) // slices] for n in range(slices)]
    best = [max(part) for part in cut if part]
    return [{"gib": size / GIB, "phase": phase} for size, phase in best]
