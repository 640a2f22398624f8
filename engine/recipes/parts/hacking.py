"""Reward hacking, watched: a reward that climbs while the policy runs away has been found a short cut to."""

from collections.abc import Sequence
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from engine.recipes.parts.warnings import warn


class Hacking(TrainerCallback):
    """Says once when a climbing reward goes with answers that stray or grow, and when there is nothing to compare.

    Past some distance from the reference the paid reward climbs on while the meant one falls (Gao et al. 2022,
    arXiv:2210.10760); growing answers are the commonest short cut (Singhal et al. 2023, arXiv:2310.03716).
    """

    window = 5  # points of a curve that are averaged at its beginning and at its end
    strayed = 1.0  # KL per token in nats: the policy holds its tokens for e times likelier than the reference does
    grown = 2.0  # times the length of the first answers

    def __init__(self, callbacks: Sequence[TrainerCallback]) -> None:
        """Tell `callbacks`."""
        self.callbacks = callbacks
        self.seen: list[dict[str, float]] = []
        self.said: set[str] = set()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Compare the newest points with the first ones."""
        if not logs or "reward" not in logs:
            return
        self.seen.append({name: logs[name] or 0.0 for name in ("reward", "kl", "length", "reward_std") if name in logs})
        if len(self.seen) == self.window and not any(point.get("reward_std", 1.0) for point in self.seen):
            what = f"all answers of the first {self.window} steps earned the same: there is nothing to learn from"
            advice = "try the reward on a few answers by hand; if none is ever right, tune on examples first (sft)"
            self.say("reward_flat", state.global_step, what, advice)
        if len(self.seen) >= 2 * self.window:
            self.compare(state.global_step, self.mean(self.seen[: self.window]), self.mean(self.seen[-self.window :]))

    def mean(self, points: list[dict[str, float]]) -> dict[str, float]:
        """Return the mean of every curve over some points."""
        return {name: sum(point.get(name, 0.0) for point in points) / len(points) for name in points[0]}

    def compare(self, step: int, first: dict[str, float], last: dict[str, float]) -> None:
        """Say what runs away while the reward climbs."""
        if last["reward"] <= first["reward"]:
            return
        climbs = f"the reward climbs ({first['reward']:.3g} to {last['reward']:.3g}) while the answers"
        advice = "read some answers: a short cut to the reward looks like this (reward hacking)"
        if last.get("kl", 0.0) > self.strayed:
            what = f"{climbs} stray from the untouched model (KL {last['kl']:.2g} per token)"
            self.say("reward_hacking_kl", step, what, f"{advice}; raise objective.kl_coef, or lower the learning rate")
        if last["length"] > self.grown * first["length"]:
            what = f"{climbs} grow ({first['length']:.0f} to {last['length']:.0f} tokens)"
            self.say("reward_hacking_length", step, what, f"{advice}; let the reward pay less for length")

    def say(self, code: str, step: int, what: str, advice: str) -> None:
        """Warn once of each kind."""
        if code not in self.said:
            self.said.add(code)
            warn(code, f"step {step}: {what}", advice, self.callbacks)
