"""What the length of the run decides: how often it is measured, saved and written down."""

from engine import words
from engine.config import Run
from engine.draft import Draft, Facts
from engine.load import one_step
from engine.speed import steps, work

EVALUATIONS = (3, 10)
"""Fewest and most evaluations during a run."""
SHARE = 0.25
"""Share of the training's work that the evaluations may cost, as long as there are enough of them."""
POINTS = 500
"""Points of a curve that no terminal can show better."""
NICE = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 80, 100)


def rhythm(draft: Draft, facts: Facts, run: Run) -> None:
    """Fill in when to evaluate, save and log; `run` holds all the other fields."""
    if not draft.has("training.log_every"):
        return
    if facts.data is None:
        draft.put("training.log_every", 1, "log_unknown")
    else:
        whole = steps(run, facts.data)
        every = 1 if whole <= 2 * POINTS else nice(whole / POINTS)
        draft.put("training.log_every", every, "log", steps=f"{whole:,}", points=f"{whole // every:,}")
        _evaluate(draft, facts, run, whole)
    draft.put("training.evaluate_every", draft.get("training.save_every", "epoch"), "evaluate_epoch")
    draft.put("training.save_every", draft.get("training.evaluate_every"), "save")


def nice(number: float) -> int:
    """Return the largest round number that is not above `number`, and at least 1."""
    power = 1
    while number >= 100 * power:
        power *= 10
    return max((size * power for size in NICE if size * power <= number), default=1)


def _evaluate(draft: Draft, facts: Facts, run: Run, whole: int) -> None:
    saved = draft.get("training.save_every")
    if saved == "epoch" or facts.data is None:
        return
    fewest, most = EVALUATIONS
    train, evaluation = 1.0, 0.0
    if facts.model is not None:
        train, evaluation = work(run, one_step(run, facts.model, facts.data), facts.data)
    wanted = min(most, max(fewest, int(SHARE * train / evaluation))) if evaluation else most
    every = nice(whole / wanted)
    if isinstance(saved, int):
        every = max(size for size in range(1, saved + 1) if saved % size == 0 and size <= every)
    count = whole // every
    share = words.percent(count * evaluation / (train + count * evaluation))
    reason = "evaluate" if evaluation else "evaluate_steps"
    draft.put("training.evaluate_every", every, reason, count=count, steps=f"{whole:,}", share=share)
