"""What several commands say in the same words: estimates, how to name a run, the table before and after."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.best import Best
from engine.estimate import Estimate
from engine.roots import root
from engine.words import value
from tui.words import duration, gib, listed, literal


def hint(folder: Path) -> str:
    """Return what a person types to name a run: its name where that is enough, otherwise its path."""
    return shlex.quote(folder.name if folder.parent == root() else str(folder))


def estimate_line(spent: Estimate) -> str:
    """Return memory and time as the estimates that they are."""
    free = f" of {gib(spent.free_gib)}" if spent.free_gib is not None else ""
    fits = "" if spent.fits is not False else ", does not fit"
    held = f"; other programs hold {gib(sum(spent.others.values()))} of the card" if spent.others else ""
    memory = f"memory ~{gib(spent.peak_gib)}{free} ({gib(spent.low_gib)} to {gib(spent.high_gib)}{fits}){held}"
    if spent.seconds is None:
        return memory
    low, middle, high = map(duration, spent.seconds)
    return f"{memory} · time ~{middle} ({low} to {high})"


def terms_line(spent: Estimate) -> str:
    """Return what the memory is made of."""
    return listed(spent.terms)


def columns(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Yield rows of texts as lines with their columns under each other; the last one is not padded."""
    from rich.cells import cell_len, set_cell_size

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)] if rows else []
    for *cells, last in rows:
        padded = [set_cell_size(cell, width) for cell, width in zip(cells, widths, strict=False)]
        yield "  ".join([*padded, last]).rstrip()


def result(found: Best | None) -> str:
    """Return the one number of a run, and what the base model had where it is not beaten."""
    if found is None:
        return ""
    lost = found.beats_base is False and found.before is not None and not found.word
    return literal(found.text) + (f", no better than the base model ({value(found.before)})" if lost else "")


def outcome_lines(results: dict[str, Any], method: str) -> Iterator[str]:
    """Yield the table before and after, samples, and how to load the model."""
    from tui.widgets.figures import count, one_line, percent
    from tui.widgets.loading import further, how_to_load, loaded_as
    from tui.widgets.outcome import beaten, chance, metrics, verdict, when

    measured = metrics(results)
    yield verdict(measured, chance(results), lost=beaten(results)).text.strip()
    if caveat := chance(results):
        yield caveat
    rows = results.get("test_rows")
    title = f"on {count(rows)} rows never trained on" if isinstance(rows, int) else "on rows never trained on"
    table = [
        (m.label, value(m.before), "not trained" if m.after is None else value(m.after), percent(m.change))
        for m in measured
    ]
    first, second = when(results)
    yield from columns([(title, first, second, "change"), *table])
    told = results.get("samples")
    for sample in [each for each in told if isinstance(each, dict)][:3] if isinstance(told, list) else []:
        yield f"“{one_line(str(sample.get('prompt', '')))[:100]}”"
        yield f"  {first:<6}  {one_line(str(sample.get('base', '')))[:200] or '(nothing)'}"
        if sample.get("tuned", "") is not None:
            yield f"  {second:<6}  {one_line(str(sample.get('tuned', '')))[:200] or '(nothing)'}"
    folder = results.get("model_folder")
    if isinstance(folder, str):
        yield f"the model is in {folder}; to use it:"
        yield from (f"  {line}" for line in how_to_load(loaded_as(results), method, Path(folder)))
        if next_step := further(results):
            yield next_step
