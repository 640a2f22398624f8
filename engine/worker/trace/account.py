"""What the ledger says: the peak, where it is, what lives at that moment, and the course of it all."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from engine.worker.trace.allocator import replay
from engine.worker.trace.ledger import Ledger

GIB = 2**30
POINTS = 240
"""Points of the timeline that are handed on."""


def account(ledger: Ledger, marks: dict[str, set[int]], *, card: bool) -> dict[str, Any]:
    """Return the peak in GiB, phase and module, its terms, and the largest need of each slice of time.

    For a `card` the events go through its allocator, which counts the rest of a block that is too small to be cut off.
    """
    begin = next((place for place, event in enumerate(ledger.events) if trains(ledger, event)), 0)
    weights, training = living(ledger.events[:begin]), ledger.events[begin:]
    sizes = [birth.size for birth in ledger.births]
    course = list(replay([*weights, *training], sizes) if card else summed([*weights, *training], sizes))
    course = course[len(weights) :]
    at = max(range(len(course)), key=lambda place: course[place][0])
    alive = living([*weights, *training[: at + 1]])
    highest = ledger.births[training[at]]
    said = [(size, ledger.births[event].phase) for (size, _), event in zip(course, training, strict=True) if event >= 0]
    made = terms(ledger, alive, marks)
    made["rest of blocks"] = course[at][0] - sum(made.values())
    return {
        "peak_gib": course[at][0] / GIB,
        "reserved_gib": max(held for _, held in course) / GIB,
        "phase": highest.phase,
        "module": ledger.place(highest) if highest.phase in ("forward", "backward") else "",
        "terms": {name: size / GIB for name, size in made.items() if size},
        "phases": {name: size / GIB for name, size in by_phase(said).items()},
        "timeline": timeline(said),
        "operations": ledger.operations,
    }


def living(events: list[int]) -> dict[int, None]:
    """Return the births that no death follows, in their order."""
    alive: dict[int, None] = {}
    for event in events:
        if event >= 0:
            alive[event] = None
        else:
            del alive[~event]
    return alive


def summed(events: Iterable[int], sizes: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the bytes that live after every event, for a processor that cuts what is asked for."""
    now = 0
    for event in events:
        now += sizes[event] if event >= 0 else -sizes[~event]
        yield now, now


def trains(ledger: Ledger, event: int) -> bool:
    """Return whether this is a birth of the training."""
    return event >= 0 and ledger.births[event].phase != "model"


def by_phase(course: list[tuple[int, str]]) -> dict[str, int]:
    """Return the peak of every phase."""
    found: dict[str, int] = defaultdict(int)
    for size, phase in course:
        found[phase] = max(found[phase], size)
    return dict(found)


def terms(ledger: Ledger, alive: Iterable[int], marks: dict[str, set[int]]) -> dict[str, int]:
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
