"""Tells what the trainer does as events; it never changes a number and never ends a training by itself."""

import json
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from engine.event import PLAN, Journal, numbers
from engine.worker.curve_names import known_names
from engine.worker.peaks import Peaks
from engine.worker.stopping import Stop, Stopped

SKIPPED = ("runtime", "samples_per_second", "steps_per_second", "epoch", "num_tokens", "model_preparation_time")


def picked_by(args: Any) -> dict[str, Any]:
    """Return which metric picks the checkpoint that is kept, nothing where the last weights are."""
    name = str(getattr(args, "metric_for_best_model", None) or "")
    if not name or not getattr(args, "load_best_model_at_end", False):
        return {}
    short = name.removeprefix("eval_")
    told = "eval_loss" if short == "loss" else short
    return {"best_metric": told, "greater_is_better": bool(args.greater_is_better)}


class Reporter(TrainerCallback):
    """The callback that the worker hands to a script's `main`."""

    def __init__(self, journal: Journal, stop: Stop, news: str = "") -> None:
        """Write to `journal`, and obey `stop`; `news` is what happened to the run before, told when it trains again."""
        self.journal = journal
        self.stop = stop
        self.phase = ""
        self.predicted = 0
        self.measured: Any = None
        self.begun = False
        self.step = 0
        self.plan = ""
        self.news = news
        self.peaks = Peaks(journal)

    @property
    def peak_gib(self) -> float:
        """The most that torch held in the phases that are over; reading it began the count anew."""
        return max((peak["allocated"] for peak in self.peaks.phases.values()), default=0) / 2**30

    def on_phase(self, name: str) -> None:
        """Note the phase that begins."""
        if name != self.phase:
            self.peaks.close(self.phase)
            self.phase = name
            self.predicted = 0
            self.journal.write("phase", name=name)

    def on_warning(self, code: str, message: str, advice: str, step: int | None = None) -> None:
        """Write what goes wrong and what to do about it; a script tells it by itself, for the step that it is at."""
        at = self.step if step is None else step
        self.journal.write("warning", code=code, step=at, message=message, advice=advice)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, model: Any = None, **_: Any
    ) -> None:
        """Write what is ahead; from here on a stop waits for the end of a step."""
        self.step = state.global_step
        sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
        self.on_phase("training")
        self.peaks.whole = state.global_step == 0
        self.journal.write(
            "begun",
            from_step=state.global_step,
            max_steps=state.max_steps,
            epochs=state.num_train_epochs,
            trainable=sum(size for size, trains in sizes if trains),
            parameters=sum(size for size, _ in sizes),
            **picked_by(args),
        )
        self._plan(state)
        if self.news:
            self.on_warning("halved", self.news, "set training.batch so from the beginning next time")
        self.stop.training = self.begun = True

    def on_train_end(self, *_: Any, **__: Any) -> None:
        """Note that the steps are over; a stop ends the rest at once."""
        self.stop.training = False
        if self.stop.asked:
            raise Stopped
        self.on_phase("evaluating")

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Turn requests into the trainer's own flags."""
        self.step = state.global_step
        if self.stop.take("evaluate"):
            self._evaluate(args, control)
        self._plan(state)
        if self.stop.asked or self.stop.take("save"):
            control.should_save = True
        if control.should_evaluate or control.should_save:
            self.on_phase("evaluating" if control.should_evaluate else "saving")
        return control

    def _evaluate(self, args: TrainingArguments, control: TrainerControl) -> None:
        if str(getattr(args.eval_strategy, "value", args.eval_strategy)) != "no":
            control.should_evaluate = True
            return
        advice = "set data.test_fraction and training.evaluate_every, and repeat the run"
        self.on_warning("no_evaluation", "this run has nothing to be measured on", advice)

    def _plan(self, state: TrainerState) -> None:
        """End where the plan says, if somebody made it shorter; it stays, so that a resumed run ends there too."""
        try:
            text = (self.stop.control / PLAN).read_text("utf-8")
        except OSError:
            return
        if text == self.plan:
            return
        self.plan = text
        planned = json.loads(text)
        is_ahead = state.global_step < planned["max_steps"] or not self.begun  # a resumed run may be there already
        if is_ahead and planned["max_steps"] < state.max_steps:
            state.max_steps = planned["max_steps"]
            self.journal.write("planned", step=state.global_step, **planned)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Write one point of every training curve."""
        values = numbers({name: value for name, value in known_names(logs or {}).items() if name not in SKIPPED})
        if "loss" in values:
            self.journal.write("metrics", step=state.global_step, epoch=state.epoch, values=values)

    def on_prediction_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        eval_dataloader: Any = None,
        **_: Any,
    ) -> None:
        """Count the batches of an evaluation, of every test set by itself."""
        self.predicted = self.predicted + 1 if eval_dataloader is self.measured else 1
        self.measured = eval_dataloader
        total = len(eval_dataloader) if hasattr(eval_dataloader, "__len__") else None
        self.journal.write("progress", name="evaluating", done=self.predicted, total=total, unit="batch")

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, Any] | None = None,
        **_: Any,
    ) -> TrainerControl:
        """Write every metric of the goal; a stop that came meanwhile saves first.

        The closing evaluation repeats the best checkpoint's and goes into the results alone.
        """
        self.predicted = 0
        if self.begun and not self.stop.training:
            return control
        kept = {
            name if name == "eval_loss" else name.removeprefix("eval_"): value
            for name, value in numbers(metrics or {}).items()
            if name.removeprefix("eval_") not in SKIPPED
        }
        if kept:
            self.journal.write("evaluated", step=state.global_step, epoch=state.epoch or 0.0, values=kept)
        if self.stop.training:
            self.stop.asked = self.stop.take("stop_at_evaluation") or self.stop.asked
            control.should_save = control.should_save or self.stop.asked
            self.on_phase("saving" if control.should_save else "training")
        return control

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Write where the checkpoint lies; a stop ends the training here."""
        path = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        self.journal.write("checkpoint", step=state.global_step, path=str(path))
        if self.stop.asked:
            raise Stopped
        self.on_phase("training")
