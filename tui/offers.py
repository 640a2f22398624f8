"""What the plan says in lines of its own: its time, what one key would take, and what to be careful of."""

from typing import Any

from textual.content import Content

from engine.findings import sentence
from tui.planning import Thought
from tui.widgets.remedies import SIGNS
from tui.words import duration, gib, literal


def spent(thought: Thought) -> Content:
    """Return the time that the training will take, with its interval."""
    estimate = thought.plan.estimate
    label = Content.styled("Time".ljust(12), "$foreground-muted")
    if estimate is None or estimate.seconds is None:
        return label + Content("not known before the data is")
    low, middle, high = (duration(seconds) for seconds in estimate.seconds)
    return label + Content.assemble(f"~{middle} ({low} – {high})", ("     measured once it runs", "$foreground-muted"))


def on_offer(thought: Thought | None) -> dict[str, dict[str, Any]]:
    """Return the values behind each offer that there is: the largest batch, the longest text, what makes it fit."""
    found: dict[str, dict[str, Any]] = {}
    if thought is not None and thought.largest is not None:
        found["batch"] = dict(zip(("training.batch", "training.accumulate"), thought.largest, strict=True))
    if thought is not None and thought.longest is not None:
        found["text"] = {"training.max_length": thought.longest}
    if thought is not None and thought.change is not None:
        found["change"] = thought.change.values
    return found


def offers(thought: Thought) -> list[str]:
    """Return what one key would take: the largest batch, the longest text, what makes the run fit."""
    found = []
    if thought.largest is not None:
        found.append(f"largest batch that fits: {thought.largest[0]}  [b] take it")
    if thought.longest is not None:
        found.append(f"longest text that fits: {thought.longest:,} tokens  [l] take it")
    if thought.change is not None:
        high = gib(thought.change.estimate.high_gib)
        found.append(f"it fits with {thought.change.words} (up to {high})  [c] take it")
    return found


def cautions(thought: Thought) -> Content:
    """Return what stands in the way of a start, and what to know before it."""
    lines = [Content.styled(f"⚠ {literal(warning)}", "$text-warning") for warning in thought.warnings]
    for each in thought.found:
        sign, style = SIGNS[each.severity]
        lines.append(Content.styled(f"{sign} {literal(sentence(each))}", style))
    if thought.obstacle:
        lines.insert(0, Content.styled(f"✗ {literal(thought.obstacle)}", "$text-error"))
    return Content("\n").join(lines)
