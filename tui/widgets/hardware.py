"""One row about the machine while it trains: card, memory, heat and speed."""

from typing import Any

from engine.history import History
from tui.widgets.progress import bar
from tui.widgets.spans import Part, Row, shorten, spread
from tui.words import literal, size


def hardware(history: History, width: int) -> Row:
    """Return what the last heartbeat told: the first card and how many more, or the memory of a run on the CPU."""
    facts = history.hardware or {}
    cards = [card for card in facts.get("gpu") or [] if isinstance(card, dict)]
    left = _card(cards[0], len(cards)) if cards else [Part("  CPU", "strong")] if history.hardware else []
    memory = facts.get("rss")
    if isinstance(memory, int) and memory:
        left.append(Part(f"   RAM {size(memory)}", keep=9 if not cards else 3))
    speed = history.steps_per_second
    if speed:
        left.append(Part(f"   {_speed(speed)}", keep=5))
    return spread(left, [Part("log ▸ ", "muted", 2), Part("l ", "accent", 2)], width)


def _speed(speed: float) -> str:
    return f"{speed:.3g} steps/s" if speed >= 1 else f"{1 / speed:.1f} s/step"


def _card(card: dict[str, Any], many: int) -> list[Part]:
    used, total = card.get("memory_used"), card.get("memory_total")
    name = shorten(literal(str(card.get("name", "")).removeprefix("NVIDIA ")), 18)
    parts = [Part(f"  GPU {card.get('index', 0)}", "strong"), Part(f"  {name}", keep=4)]
    for key, unit in (("utilization", "%"), ("temperature", "°C"), ("power", "W")):
        if isinstance(number := card.get(key), (int, float)):
            parts.append(Part(f"  {number:.0f} {unit}", keep=6))
    if isinstance(used, int) and isinstance(total, int) and total > 0:
        scale = [Part(part.text, part.style, 1) for part in bar(used / total, 20)]
        parts += [Part("  ", keep=1), *scale, Part(f"  {used / 2**30:.1f} of {total / 2**30:.1f} GiB")]
    return [*parts, Part(f"  +{many - 1} more", "muted")] if many > 1 else parts
