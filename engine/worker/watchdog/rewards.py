"""Checks of rewards: of preferred and rejected answers, and of those that a policy earns."""

from typing import Any

from engine.worker.watchdog.finding import Check, Finding, Sight

WINDOW = 5
"""Points of a curve that are averaged at its beginning and at its end."""
DRIFTED = 1.0
"""KL per token in nats: the policy holds its tokens for e times likelier than the reference does."""
GROWN = 2.0
"""Times the length of the first answers."""
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


class RewardHacking(Check):
    """A climbing reward goes with answers that drift away or grow, or there is nothing to compare.

    Past some distance from the reference the paid reward climbs on while the meant one falls (Gao et al. 2022,
    arXiv:2210.10760); growing answers are the commonest shortcut (Singhal et al. 2023, arXiv:2310.03716).
    """

    def __init__(self) -> None:
        self._seen: list[dict[str, float]] = []
        self._drifted = False

    def logged(self, sight: Sight, step: int, logs: dict[str, Any]) -> Finding | None:  # noqa: ARG002
        """Compare the newest points with the first ones."""
        if "reward" not in logs:
            return None
        self._seen.append({name: logs.get(name) or 0.0 for name in ("reward", "kl", "length", "reward_std")})
        spread = "reward_std" in logs
        if spread and len(self._seen) == WINDOW and not any(point["reward_std"] for point in self._seen):
            what = (
                f"step {step}: all answers of the first {WINDOW} steps earned the same: there is nothing to learn from"
            )
            advice = "try the reward on a few answers by hand; if none is ever right, tune on examples first (sft)"
            return Finding("reward_flat", what, advice)
        if len(self._seen) < 2 * WINDOW:
            return None
        return self._shortcut(step, _mean(self._seen[:WINDOW]), _mean(self._seen[-WINDOW:]))

    def _shortcut(self, step: int, first: dict[str, float], last: dict[str, float]) -> Finding | None:
        """Return what runs away while the reward climbs."""
        if last["reward"] <= first["reward"]:
            return None
        climbs = f"step {step}: the reward climbs ({first['reward']:.3g} to {last['reward']:.3g}) while the answers"
        advice = "read some answers: a shortcut to the reward looks like this (reward hacking)"
        if last["kl"] > DRIFTED and not self._drifted:
            self._drifted = True
            what = f"{climbs} stray from the untouched model (KL {last['kl']:.2g} per token)"
            return Finding("reward_hacking_kl", what, f"{advice}; raise objective.kl_coef, or lower the learning rate")
        if last["length"] > GROWN * first["length"]:
            what = f"{climbs} grow ({first['length']:.0f} to {last['length']:.0f} tokens)"
            return Finding("reward_hacking_length", what, f"{advice}; let the reward pay less for length")
        return None


def _mean(points: list[dict[str, float]]) -> dict[str, float]:
    """Return the mean of every curve over some points."""
    return {name: sum(point[name] for point in points) / len(points) for name in points[0]}


def _rewards(metrics: dict[str, Any]) -> list[float]:
    """Return the rewards of chosen and rejected answers, empty where one is missing."""
    return [float(metrics[name]) for name in NAMES] if all(metrics.get(name) is not None for name in NAMES) else []
