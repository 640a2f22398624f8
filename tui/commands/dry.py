"""The dry run in words and as plain values: the peak, where it is, what it is made of, and its course."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.dry_run import Traced, dry_runs
from engine.estimate import Estimate, interval
from engine.machine import Machine
from engine.problem import Problem
from tui.commands import facts
from tui.commands.consent import consenting
from tui.words import gib, listed, literal

WIDTH = 64
"""Columns of the timeline: it stands in 80 with its indent and its scale."""
ROWS = 6
SHORT = {"forward": "F", "backward": "B", "clip": "c", "optimizer": "o"}
"""The letter of each phase below the timeline."""
Dry = Traced | Problem | None


def traced(
    files: Sequence[Path], assignments: Sequence[str], machine: Machine, runs: Path, python: str | None, trust: bool
) -> list[Dry]:
    """Return the dry run of every file, all from one process."""
    planned = [facts.traceable(file, assignments, machine, runs) for file in files]
    return [*consenting(lambda: dry_runs(planned, python), assignments, trust)]


def dry_values(dry: Dry, spent: Estimate) -> dict[str, Any]:
    """Return what a dry run changes in an estimate; where there is none the formula stands, and says why."""
    if dry is None:
        return {}
    if isinstance(dry, Problem):
        return {"trace": None, "trace_problem": dry.sentence}
    low, high = interval({"counted": dry.peak_gib, **outside(spent)}, gpu=True)
    return {
        "peak_gib": dry.peak_gib,
        "low_gib": low,
        "high_gib": high,
        "terms": dry.terms,
        "fits": None if spent.free_gib is None else high <= spent.free_gib,
        "where": dry.where,
        "trace": {
            "phases": dry.phases,
            "timeline": dry.timeline,
            "reserved_gib": dry.reserved_gib,
            "seconds": dry.seconds,
            "rss_gib": dry.rss_gib,
            "real_rows": dry.rows,
        },
    }


def outside(spent: Estimate) -> dict[str, float]:
    """Return the terms of the formula that torch does not allocate."""
    return {name: value for name, value in spent.terms.items() if name in ("cuda", "libraries")}


def dry_lines(dry: Dry) -> Iterator[str]:
    """Yield the dry run as lines: its peak and place, its terms, and the course of two steps."""
    if dry is None:
        return
    if isinstance(dry, Problem):
        yield literal(dry.sentence)
        return
    rows = "the longest rows" if dry.rows else "rows of the greatest length"
    yield f"dry run: {gib(dry.peak_gib)} at its peak, in {literal(dry.where)}; counted with {rows}"
    yield listed(dry.terms)
    yield from timeline(dry)


def timeline(dry: Traced) -> Iterator[str]:
    """Yield the memory of two steps as columns, with the phases below."""
    points = dry.timeline
    slices = [points[len(points) * n // WIDTH : len(points) * (n + 1) // WIDTH] for n in range(WIDTH)]
    highest = [max(part, key=lambda point: point["gib"]) for part in slices if part]
    for row in range(ROWS, 0, -1):
        line = "".join("█" if point["gib"] * ROWS >= (row - 0.5) * dry.peak_gib else " " for point in highest)
        yield f"{gib(dry.peak_gib * row / ROWS):>9} {line}".rstrip()
    yield f"{'':9} {''.join(SHORT.get(point['phase'], '?') for point in highest)}"
    yield f"{'':9} F forward  B backward  c clip  o optimizer"
