"""Checks of what the curves say: a loss that is no number, nothing, jumping or not falling; a rate of zero."""

import math
from collections import deque
from statistics import median
from typing import Any

import torch

from engine.worker.watchdog.finding import Check, Finding, Sight

EARLY = 5
"""Points of the curve that stand for its beginning."""
LATE = 10
"""Points of the curve that stand for where it is now."""
PATIENCE = 40
"""Points after which a loss should have fallen, once the rise of the learning rate is over."""
SPIKE = 3.0
"""A loss this many times the usual one is a spike, when it also stands out of the usual scatter."""
SCATTER = 8.0


def rewarded(logs: dict[str, Any]) -> bool:
    """Say whether these are the logs of reinforcement learning, whose loss is no measure of anything."""
    return "reward" in logs


class NotFinite(Check):
    """A loss that is no number any more: why, and which tensor first."""

    def __init__(self) -> None:
        self._before: deque[float] = deque(maxlen=LATE)

    def logged(self, sight: Sight, step: int, logs: dict[str, Any]) -> Finding | None:
        """Look for the cause at the first loss that is no number."""
        loss = float(logs["loss"])
        if math.isfinite(loss):
            self._before.append(loss)
            return None
        first = _first_broken(sight.model)
        where = f"; the first tensor that is not finite is {first}" if first else ""
        cause, advice = self._cause(sight)
        return Finding("loss_not_finite", f"step {step}: the loss is no longer a number{where}: {cause}", advice)

    def _cause(self, sight: Sight) -> tuple[str, str]:
        lost = "weights since the last checkpoint are lost"
        if sight.nothing_is_learned():
            return (
                f"no token of this batch is learned{sight.rows()}",
                "raise training.max_length, or leave these rows out; the mean over no tokens is no number",
            )
        if self._climbed():
            climbed = f"it had climbed from {min(self._before):.3g} to {self._before[-1]:.3g} before"
            return f"{climbed}, so the steps are too large", f"divide training.learning_rate by ten; {lost}"
        if sight.args.fp16:
            return "a number grew beyond what fp16 can hold", f"train in bf16 or fp32; {lost}"
        return f"a row may hold what the model can't compute{sight.rows()}", f"look at these rows; {lost}"

    def _climbed(self) -> bool:
        """Say whether the last two losses are far above the earlier ones: a single one may be chance."""
        known = list(self._before)
        return len(known) > 3 and min(known[-2:]) > 2 * median(known[:-2])


def _first_broken(model: Any) -> str:
    """Return the first weight, or gradient, that is not finite."""
    for name, parameter in model.named_parameters():
        if parameter.is_floating_point() and not bool(torch.isfinite(parameter).all()):
            return f"the weight {name}"
        if parameter.grad is not None and not bool(torch.isfinite(parameter.grad).all()):
            return f"the gradient of {name}"
    return ""


class Zero(Check):
    """A loss of exactly nothing, twice: there is nothing to learn from."""

    def __init__(self) -> None:
        self._zeros = 0

    def logged(self, sight: Sight, step: int, logs: dict[str, Any]) -> Finding | None:
        """Count zeros in a row."""
        self._zeros = self._zeros + 1 if logs["loss"] == 0.0 and not rewarded(logs) else 0
        if self._zeros < 2:
            return None
        if sight.nothing_is_learned():
            why, advice = "all labels of the batch are masked", "see which part of a row is learned: objective.loss_on"
        else:
            why, advice = (
                "the batch gives no signal",
                "look at the rows: are right and wrong the same, or one class only?",
            )
        return Finding(
            "loss_is_zero", f"step {step}: the loss is exactly 0 twice in a row: {why}{sight.rows()}", advice
        )


class Rate(Check):
    """A learning rate of zero while steps are still ahead."""

    def logged(self, sight: Sight, step: int, logs: dict[str, Any]) -> Finding | None:
        """Look past the first step, whose rate may be zero by the rise, and before the last ones."""
        if logs.get("learning_rate") != 0.0 or step <= 2 + sight.skipped or step >= 0.98 * sight.state.max_steps - 1:
            return None
        message = f"step {step}: the learning rate is 0 and {sight.state.max_steps - step} steps are ahead"
        return Finding(
            "learning_rate_is_zero", message, "see training.schedule, training.warmup and training.max_steps"
        )


class Falls(Check):
    """A loss that is not below its beginning long after the rise of the learning rate."""

    def __init__(self) -> None:
        self._first: list[float] = []
        self._last: deque[float] = deque(maxlen=LATE)
        self._seen = 0

    def logged(self, sight: Sight, step: int, logs: dict[str, Any]) -> Finding | None:
        """Compare the median of the newest points with that of the first."""
        loss = float(logs["loss"])
        if not math.isfinite(loss) or rewarded(logs):
            return None
        if len(self._first) < EARLY:
            self._first.append(loss)
        self._last.append(loss)
        warm = sight.args.get_warmup_steps(sight.state.max_steps)
        self._seen += step > warm
        if self._seen != PATIENCE or median(self._last) < median(self._first):
            return None
        message = (
            f"step {step}: the loss ({median(self._last):.4g}) is no lower than at first ({median(self._first):.4g}) "
            f"{PATIENCE} points after the learning rate was reached"
        )
        return Finding("not_learning", message, "try ten times and a tenth of training.learning_rate for a few steps")


class Spike(Check):
    """A loss that jumps out of its usual scatter, with the rows of that batch."""

    def __init__(self) -> None:
        self._usual: deque[float] = deque(maxlen=32)

    def logged(self, sight: Sight, step: int, logs: dict[str, Any]) -> Finding | None:
        """Compare a point with the median and the scatter of those before it."""
        loss = float(logs["loss"])
        found = None
        if len(self._usual) >= 16 and math.isfinite(loss) and not rewarded(logs):
            middle = median(self._usual)
            scatter = median(abs(value - middle) for value in self._usual)
            if loss > SPIKE * middle > 0 and loss > middle + SCATTER * scatter:
                message = f"step {step}: the loss jumps to {loss:.4g} from about {middle:.4g}{sight.rows()}"
                found = Finding(
                    "loss_spike", message, "look at these rows; a lower training.max_grad_norm softens them"
                )
        if math.isfinite(loss):
            self._usual.append(loss)
        return found


class Overfitting(Check):
    """The loss on the test rows rises twice while the training's falls: rows are learned by heart."""

    def __init__(self) -> None:
        self._measured: list[tuple[int, float]] = []
        self._train: list[list[float]] = [[]]

    def logged(self, sight: Sight, step: int, logs: dict[str, Any]) -> Finding | None:  # noqa: ARG002
        """Remember the training's loss since the last evaluation."""
        if math.isfinite(float(logs["loss"])) and not rewarded(logs):
            self._train[-1].append(float(logs["loss"]))
        return None

    def evaluated(self, sight: Sight, step: int, metrics: dict[str, Any]) -> Finding | None:  # noqa: ARG002
        """Compare the last three evaluations, and the training's loss between them."""
        if "eval_loss" not in metrics or not math.isfinite(metrics["eval_loss"]):
            return None
        self._measured.append((step, float(metrics["eval_loss"])))
        self._train.append([])
        if len(self._measured) < 3 or not all(self._train[-3:-1]):
            return None
        one, two, three = (loss for _, loss in self._measured[-3:])
        before, after = (sum(part) / len(part) for part in self._train[-3:-1])
        if not (one < two < three and after < before):
            return None
        best_step, best = min(self._measured, key=lambda entry: entry[1])
        message = (
            f"step {step}: evaluation loss has risen twice while training loss falls: overfitting may begin. "
            f"Best so far: {best:.4g} at step {best_step}"
        )
        return Finding("overfitting", message, "stop here and keep the best checkpoint, or train fewer epochs")
