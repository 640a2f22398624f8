"""The names of curves that libraries call otherwise."""

from typing import Any

RENAMED = {
    "completions/mean_length": "length",
    "clip_ratio/region_mean": "clip_fraction",
    "frac_reward_zero_std": "equal_groups",
}
"""What TRL's trainers for reinforcement learning call a curve -> what it is called for every algorithm."""
KEPT = ("loss", "grad_norm", "learning_rate", "epoch", "reward", "reward_std", "kl", "entropy")
"""The others of their curves that say something more."""


def known_names(logs: dict[str, Any]) -> dict[str, Any]:
    """Return a point of the curves under our names; of GRPO and RLOO only the curves that say something more."""
    if "loss" not in logs or not RENAMED.keys() & logs.keys():
        return logs
    named = {ours: logs[theirs] for theirs, ours in RENAMED.items() if theirs in logs}
    return {"policy_loss": logs["loss"], **{name: logs[name] for name in KEPT if name in logs}, **named}
