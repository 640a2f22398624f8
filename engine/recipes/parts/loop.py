"""A training loop of our own that is watched, stopped and resumed like those of the libraries."""

import math
import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import torch
from safetensors import safe_open
from torch import nn
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    get_scheduler,
    set_seed,
)
from transformers.integrations import get_reporting_integration_callbacks
from transformers.trainer_callback import CallbackHandler, DefaultFlowCallback

from engine.recipes.parts.adapter.lora import saved_weights
from engine.recipes.parts.arguments import ACCUMULATE, EPOCHS, MAX_STEPS, TRACKING, arguments
from engine.recipes.parts.begin import SEED
from engine.recipes.parts.output import SMOKE_TEST, output
from engine.recipes.parts.reading import BATCH
from engine.recipes.parts.training.checkpoints import CheckpointMarker, newest_checkpoint


class Loop(ABC):
    """Steps, evaluates, logs, saves and resumes; a subclass says what a step and an evaluation are.

    A step learns from BATCH x ACCUMULATE rows. What it does with them, `step()` returns as numbers for the curves.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        beside: nn.Module,
        tokenizer: PreTrainedTokenizerBase,
        rows: Sequence[Any],
        callbacks: Sequence[TrainerCallback],
    ) -> None:
        """Train `model` and what is learned `beside` it on the rows, the best by the evaluated reward."""
        self.model, self.beside, self.tokenizer, self.rows = model, beside, tokenizer, rows
        self.args = TrainingArguments(**arguments(), metric_for_best_model="eval_reward", greater_is_better=True)
        self.per_epoch = len(rows) // (BATCH * ACCUMULATE)
        if not self.per_epoch:
            what = f"{len(rows)} training prompts are fewer than the {BATCH * ACCUMULATE} of one step"
            raise ValueError(f"{what}: lower training.batch or training.accumulate, or bring more prompts")
        self.state, self.control = TrainerState(), TrainerControl()
        self.state.max_steps = 2 if SMOKE_TEST else MAX_STEPS or math.ceil(EPOCHS * self.per_epoch)
        self.state.num_train_epochs = math.ceil(self.state.max_steps / self.per_epoch)
        self.state.compute_steps(self.args, self.state.max_steps)
        if self.args.gradient_checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        self.learned = [*filter(lambda one: one.requires_grad, [*model.parameters(), *beside.parameters()])]
        self.optimizer = self.make_optimizer()
        warmup = self.args.get_warmup_steps(self.state.max_steps)
        self.scheduler = get_scheduler(self.args.lr_scheduler_type, self.optimizer, warmup, self.state.max_steps)
        trackers = [tracker() for tracker in get_reporting_integration_callbacks(list(TRACKING))]
        callbacks = [DefaultFlowCallback(), CheckpointMarker(), *trackers, *callbacks]
        self.callback_handler = CallbackHandler(callbacks, model, tokenizer, self.optimizer, self.scheduler)
        self.told: list[dict[str, float]] = []

    def make_optimizer(self) -> torch.optim.Optimizer:
        """Return the optimizer; biases and norms are not pulled towards zero."""
        kind, options = Trainer.get_optimizer_cls_and_kwargs(self.args, self.model)
        matrices, others = [[one for one in self.learned if (one.ndim > 1) == wide] for wide in (True, False)]
        groups = [{"params": matrices, "weight_decay": self.args.weight_decay}, {"params": others, "weight_decay": 0.0}]
        optimizer: torch.optim.Optimizer = kind([group for group in groups if group["params"]], **options)
        return optimizer

    @abstractmethod
    def step(self, rows: list[Any]) -> dict[str, float]:
        """Learn from the rows of one step, and return its points of the curves."""

    @abstractmethod
    def measure(self) -> dict[str, float]:
        """Return every metric of the goal under names that begin with eval_."""

    @abstractmethod
    def carried(self) -> dict[str, Any]:
        """Return what a resumed training needs beside weights, optimizer and random states."""

    @abstractmethod
    def carry(self, known: dict[str, Any]) -> None:
        """Take up what `carried()` returned."""

    def tell(self, event: str, **facts: Any) -> None:
        """Call every callback."""
        self.control = getattr(self.callback_handler, event)(self.args, self.state, self.control, **facts)

    def rows_of(self, step: int) -> list[Any]:
        """Return the rows of a step: every epoch has an order of its own, whenever the training was begun."""
        epoch, place = divmod(step, self.per_epoch)
        order = torch.randperm(len(self.rows), generator=torch.Generator().manual_seed(SEED + epoch)).tolist()
        size = BATCH * ACCUMULATE
        return [self.rows[index] for index in order[place * size : (place + 1) * size]]

    def train(self) -> None:
        """Train to the end, from the newest whole checkpoint on if there is one, and load the best weights."""
        set_seed(SEED)  # a resumed run does not measure the untouched model again, which draws random numbers
        if checkpoint := newest_checkpoint():
            self.resume(checkpoint)
        self.tell("on_train_begin")
        while self.state.global_step < self.state.max_steps and not self.control.should_training_stop:
            if self.state.global_step % self.per_epoch == 0:
                self.tell("on_epoch_begin")
            self.tell("on_step_begin")
            rate = self.scheduler.get_last_lr()[0]
            self.told.append({**self.step(self.rows_of(self.state.global_step)), "learning_rate": rate})
            self.scheduler.step()
            self.state.global_step += 1
            self.state.epoch = self.state.global_step / self.per_epoch
            self.tell("on_step_end")
            self.follow()
            if self.state.global_step % self.per_epoch == 0 or self.state.global_step == self.state.max_steps:
                self.tell("on_epoch_end")
                self.follow()
        if self.state.best_model_checkpoint:
            self.load(Path(self.state.best_model_checkpoint))
        self.tell("on_train_end")

    def follow(self) -> None:
        """Do what the callbacks ask for: log, evaluate, save."""
        if self.control.should_log and self.told:
            self.log({name: sum(point[name] for point in self.told) / len(self.told) for name in self.told[0]})
            self.told = []
        if self.control.should_evaluate:
            reward = self.evaluate()["eval_reward"]
            # one that was asked for between two checkpoints can't be the best: nothing of it is kept
            if self.control.should_save and (self.state.best_metric is None or reward > self.state.best_metric):
                self.state.best_metric, self.state.best_global_step = reward, self.state.global_step
        if self.control.should_save:
            self.save()

    def log(self, values: dict[str, float]) -> None:
        """Remember and tell points of the curves."""
        values = {**values, "epoch": self.state.epoch}
        self.state.log_history.append({**values, "step": self.state.global_step})
        self.tell("on_log", logs=values)

    def evaluate(self) -> dict[str, float]:
        """Measure, and tell it."""
        metrics = self.measure()
        self.log(metrics)
        self.tell("on_evaluate", metrics=metrics)
        return metrics

    def save_model(self, folder: str) -> None:
        """Write the trained model and its tokenizer."""
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)

    def save(self) -> None:
        """Write a checkpoint; its last file is trainer_state.json, which the mark follows."""
        folder = output() / f"checkpoint-{self.state.global_step}"
        self.save_model(str(folder))
        best = output() / f"checkpoint-{self.state.best_global_step}"
        if best.exists():
            self.state.best_model_checkpoint = str(best)
        states: dict[str, Any] = {"cpu": torch.get_rng_state()}
        states |= {"python": random.getstate(), "numpy": numpy.random.get_state(legacy=False)}  # a reward may draw too
        states["numpy"]["state"]["key"] = states["numpy"]["state"][
            "key"
        ].tolist()  # plain numbers: nothing is unpickled
        states["cuda"] = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        torch.save(self.optimizer.state_dict(), folder / "optimizer.pt")
        torch.save(self.scheduler.state_dict(), folder / "scheduler.pt")
        torch.save({"beside": self.beside.state_dict(), **self.carried()}, folder / "beside.pt")
        torch.save(states, folder / "rng_state.pth")
        self.state.save_to_json(str(folder / "trainer_state.json"))
        self.tell("on_save")

    def load(self, folder: Path) -> None:
        """Put a checkpoint's weights into the model."""
        weights = saved_weights(self.model)
        for file in folder.glob("*.safetensors"):
            with safe_open(file, "pt") as saved, torch.no_grad():
                for name in saved.keys():  # noqa: SIM118 - a safetensors file is no mapping
                    weights[name].copy_(saved.get_tensor(name))

    def resume(self, folder: Path) -> None:
        """Take up everything where a checkpoint left it."""
        self.load(folder)
        steps = self.state.max_steps
        self.state = TrainerState.load_from_json(str(folder / "trainer_state.json"))
        self.state.max_steps = steps
        self.optimizer.load_state_dict(torch.load(folder / "optimizer.pt", self.args.device, weights_only=True))
        self.scheduler.load_state_dict(torch.load(folder / "scheduler.pt", weights_only=True))
        known = torch.load(folder / "beside.pt", self.args.device, weights_only=True)
        self.beside.load_state_dict(known.pop("beside"))
        self.carry(known)
        states = torch.load(folder / "rng_state.pth", weights_only=True)
        torch.set_rng_state(states["cpu"])
        random.setstate(states["python"])
        numpy.random.set_state(states["numpy"])
        if states["cuda"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(states["cuda"])
