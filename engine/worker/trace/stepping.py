"""Two real steps of a trainer that its own script made: forward, backward, clip, optimizer."""

from typing import Any

import torch
from transformers import Trainer

from engine.worker.trace.ledger import Ledger, watch_modules
from engine.worker.trace.rows import outside


class Traced(BaseException):
    """The steps are done, and nothing of the script that comes after them is wanted; no library may swallow it."""


class EightBit(torch.optim.Optimizer):
    """The 8-bit AdamW of bitsandbytes by shape: two bytes per number and their constants; small tensors stay whole."""

    def __init__(self, parameters: Any, paged: bool) -> None:
        """Take parameters; paged states lie outside of what is counted."""
        super().__init__(parameters, {"lr": 0.0})
        self.paged = paged

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Make the states once; the update is done in place."""
        del closure
        for one in [one for group in self.param_groups for one in group["params"] if one.grad is not None]:
            if self.state[one]:
                continue
            numbers = one.numel()
            if numbers < 4096:
                self.state[one] = {name: torch.zeros_like(one, dtype=torch.float32) for name in ("m", "v")}
            elif not self.paged:
                self.state[one] = {name: torch.zeros_like(one, dtype=torch.uint8) for name in ("m", "v")}
                constants = {f"{name}c": one.new_zeros(-(-numbers // 256), dtype=torch.float32) for name in ("m", "v")}
                self.state[one] |= constants


def make_optimizer(trainer: Trainer) -> None:
    """Let the trainer make its optimizer, or stand in for one whose kernels ask for a card."""
    name = str(getattr(trainer.args.optim, "value", trainer.args.optim))
    if "8bit" not in name:
        return
    learned = [one for one in trainer.model.parameters() if one.requires_grad]
    trainer.optimizer = EightBit(learned, "paged" in name)


def two_steps(trainer: Trainer, batch: list[dict[str, Any]], ledger: Ledger, steps: int = 2) -> Any:
    """Train twice on a batch; where batches are added up, the second step holds gradients over its second one."""
    if trainer.args.gradient_checkpointing:
        trainer.model.gradient_checkpointing_enable(trainer.args.gradient_checkpointing_kwargs)
    make_optimizer(trainer)
    loader = outside(trainer.get_train_dataloader)
    model, _ = trainer._prepare_for_training(100, loader, None)
    trainer.state.compute_steps(trainer.args, 100)
    trainer.current_gradient_accumulation_steps = trainer.args.gradient_accumulation_steps
    watch_modules(ledger, model)
    for one in (*model.parameters(), *model.buffers()):
        ledger.count(one)  # those that a library read from a file without an operation
    marks: dict[str, set[int]] = {"weights": ledger.numbers([*model.parameters(), *model.buffers()])}
    marks["learned"] = ledger.numbers(one for one in model.parameters() if one.requires_grad)
    marks["gradients"] = set()
    with phases(ledger):
        for step in range(steps):
            for _ in range(min(step + 1, trainer.args.gradient_accumulation_steps)):
                ledger.phase = "forward"
                trainer.training_step(model, dict(batch[0]), torch.tensor(1))
                marks["gradients"] |= ledger.numbers(one.grad for one in model.parameters() if one.grad is not None)
            ledger.phase = "clip"
            if trainer.args.max_grad_norm > 0:
                trainer._clip_grad_norm(model)
            ledger.phase = "optimizer"
            trainer.optimizer.step()
            model.zero_grad()
    marks["states"] = ledger.numbers(states(trainer.optimizer))
    return marks


class phases:
    """Notes when a backward pass begins."""

    def __init__(self, ledger: Ledger) -> None:
        """Tell the ledger."""
        self.ledger, self.library = ledger, torch.Tensor.backward

    def __enter__(self) -> None:
        """Begin."""
        ledger = self.ledger

        def backward(one: torch.Tensor, gradient: Any = None, *given: Any, **named: Any) -> None:
            ledger.phase = "backward"
            torch.autograd.backward(one, gradient, *given, **named)

        torch.Tensor.backward = backward  # type: ignore[method-assign, assignment]

    def __exit__(self, *_: Any) -> None:
        """End."""
        torch.Tensor.backward = self.library  # type: ignore[method-assign]


def states(optimizer: Any) -> list[torch.Tensor]:
    """Return the tensors that an optimizer keeps."""
    held = getattr(optimizer, "optimizer", optimizer).state.values()
    return [value for state in held for value in state.values() if isinstance(value, torch.Tensor)]
