"""The watcher: a callback that shows a training to every check and passes on what they find, each code once."""

import math
import time
from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback

from engine.event import numbers
from engine.worker.curve_names import known_names
from engine.worker.watchdog.curves import Falls, NotFinite, Overfitting, Rate, Spike, Zero
from engine.worker.watchdog.finding import Check, Finding, Sight, Tell
from engine.worker.watchdog.pace import Disk, Pace
from engine.worker.watchdog.rewards import RewardHacking, RewardsFall
from engine.worker.watchdog.weights import Gradients, Moving


class Watcher(TrainerCallback):
    """Looks for silent failures; it changes no number and ends no training, and a check that fails is left out."""

    def __init__(self, tell: Tell) -> None:
        """`tell` gets every finding with its step."""
        self.moving = Moving()
        self.checks: list[Check] = [
            NotFinite(), Zero(), Rate(), Falls(), Spike(), Overfitting(), RewardsFall(), RewardHacking(),
            Gradients(), self.moving, Pace(), Disk(),
        ]  # fmt: skip
        self.seconds = 0.0
        self._tell = tell
        self._said: set[str] = set()
        self._sight: Sight | None = None
        self._hook: Any = None
        self._done = 0.0

    def _ask(self, step: int, question: Callable[[Check], Finding | None]) -> None:
        begun = time.perf_counter()
        for check in list(self.checks):
            try:
                found = question(check)
            except Exception:  # noqa: BLE001 - a check that can't look at this model must not end its training
                self.checks.remove(check)
                continue
            if found is not None and found.code not in self._said:
                self._said.add(found.code)
                self._tell(found, step)
        self.seconds += time.perf_counter() - begun

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **more: Any) -> None:  # noqa: ARG002
        """Take the first marks, and remember every batch that goes in."""
        tokenizer = more.get("processing_class")
        self._sight = sight = Sight(model, args, state, tokenizer if hasattr(tokenizer, "decode") else None)

        def remember(_: Any, __: Any, inputs: dict[str, Any]) -> None:
            sight.batch = inputs

        self._hook = model.register_forward_pre_hook(remember, with_kwargs=True)
        self._ask(state.global_step, lambda check: check.begin(sight))

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Show the gradients."""
        if (sight := self._sight) is not None:
            self._ask(state.global_step + 1, lambda check: check.gradients(sight, state.global_step + 1))

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Show how long the step has waited for its rows; a pause for something else is no such wait."""
        if (sight := self._sight) is not None and self._done:
            waited, self._done = time.monotonic() - self._done, 0.0
            self._ask(state.global_step, lambda check: check.fetched(sight, state.global_step + 1, waited))

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Show that a step is done."""
        if (sight := self._sight) is not None:
            self._ask(state.global_step, lambda check: check.stepped(sight, state.global_step))
            self._done = time.monotonic()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
        """Show a point of the curves."""
        told = numbers(known_names(logs or {}))
        if (sight := self._sight) is not None and "loss" in told:
            norm = (logs or {}).get("grad_norm")
            sight.skipped += getattr(sight.args, "fp16", False) and norm is not None and not math.isfinite(norm)
            self._ask(state.global_step, lambda check: check.logged(sight, state.global_step, told))

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any) -> None:  # noqa: ARG002
        """Show what was measured while training."""
        self._done = 0.0
        if not (told := numbers(metrics or {})):
            return
        if (sight := self._sight) is not None:
            self._ask(state.global_step, lambda check: check.evaluated(sight, state.global_step, told))
        else:
            self._ask(state.global_step, lambda check: check.untouched(told))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Show that a checkpoint was written."""
        self._done = 0.0
        if (sight := self._sight) is not None:
            self._ask(state.global_step, lambda check: check.saved(sight, state.global_step))

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Show the end, and let go of the model."""
        if (sight := self._sight) is not None:
            self._ask(state.global_step, lambda check: check.ended(sight, state.global_step))
            self._hook.remove()
            self._sight = None
