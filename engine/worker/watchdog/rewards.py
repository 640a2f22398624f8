"""Checks of the rewards of preferred and rejected answers."""

from typing import Any

from engine.worker.watchdog.finding import Check, Finding, Sight

NAMES = ("eval_rewards/chosen", "eval_rewards/rejected")


class RewardsFall(Check):
    """The rewards of chosen and rejected answers fall together: both become less likely."""

    def __init__(self) -> None:
        self._first: list[float] = []
        self._last: list[float] = []

    def untouched(self, metrics: dict[str, Any]) -> None:
        """Take the rewards of the untouched model as the beginning."""
        self._first = self._last = _rewards(metrics)

    def evaluated(self, sight: Sight, step: int, metrics: dict[str, Any]) -> Finding | None:  # noqa: ARG002
        """Say that both fell again, the chosen one by more than a tenth of what the margin gained."""
        now = _rewards(metrics)
        if not now:
            return None
        self._first, last, self._last = self._first or now, self._last or now, now
        falling = all(value < min(before, first) for value, before, first in zip(now, last, self._first, strict=True))
        lost, lost_rejected = (first - value for first, value in zip(self._first, now, strict=True))
        if not falling or lost <= 0.1 * abs(lost_rejected - lost):
            return None
        return Finding(
            "rewards_fall",
            f"step {step}: the rewards of chosen ({now[0]:.3f}) and rejected ({now[1]:.3f}) answers are both falling: "
            "both become less likely, the rejected ones faster",
            "the loss asks for a margin alone, so this is common (trl#800); if the answers get worse, raise "
            "objective.beta, lower training.learning_rate, or tune on the chosen answers first",
        )


def _rewards(metrics: dict[str, Any]) -> list[float]:
    """Return the rewards of chosen and rejected answers, empty where one is missing."""
    return [float(metrics[name]) for name in NAMES] if all(metrics.get(name) is not None for name in NAMES) else []
