"""What a card held in a training, in words."""

from typing import Any

from tui.widgets.figures import one_line, percent
from tui.words import gib, literal

KEPT = {"reserved": "reserved", "card": "the card"}
"""What is held beside what the training uses: by torch's allocator, and on the card with all of its processes."""


def memory_facts(memory: Any) -> list[tuple[str, str]]:
    """Return what a card held in the training, against the prediction, and the phase that held more, if one did."""
    phases = memory.get("phases") if isinstance(memory, dict) else None
    sizes = {name: _sizes(peak) for name, peak in phases.items()} if isinstance(phases, dict) else {}
    if not any(sizes.values()):
        return []
    name = max(sizes, key=lambda phase: sizes[phase].get("allocated", 0.0))
    size = sizes[name].get("allocated", 0.0)
    told, predicted = f"allocated {gib(size)}", memory.get("predicted_gib")
    if isinstance(predicted, (int, float)) and predicted > 0:
        told += f" (predicted {gib(predicted)}: {percent(100 * (size / predicted - 1))})"
    rest = [f"{word} {gib(sizes[name][key])}" for key, word in KEPT.items() if key in sizes[name]]
    return [("GPU memory", " · ".join([told, *rest, f"in {literal(one_line(name))}"]))]


def _sizes(peak: Any) -> dict[str, float]:
    """Return the sizes of a phase in GiB."""
    known = peak.items() if isinstance(peak, dict) else ()
    return {str(name): size / 2**30 for name, size in known if isinstance(size, (int, float))}
