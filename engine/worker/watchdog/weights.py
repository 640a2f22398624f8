"""Checks of the weights themselves: gradients that are nothing, adapters that stay, frozen weights that move."""

from typing import Any

import torch

from engine.worker.watchdog.finding import Check, Finding, Sight

SOON = 5
"""Steps after which weights that train must have moved."""
SCALING = 20
"""Steps in a row whose gradient is no number before fp16 is said to fail: its scale begins at 65,536 and is halved."""
FEW = 8
"""Tensors of a kind that are watched while training; all that train are compared at the end."""


def mark(tensor: torch.Tensor) -> float:
    """Return one number that another tensor of the same shape almost never has."""
    flat = tensor.detach().flatten()
    part = flat[:: max(1, flat.numel() // 65_536)].float()
    return float((part * torch.arange(1, part.numel() + 1, device=part.device).remainder(977)).sum())


def spread_out(named: list[tuple[str, torch.Tensor]], most: int) -> list[tuple[str, torch.Tensor]]:
    """Return at most so many of them, from everywhere in the model."""
    return named[:: max(1, len(named) // most)][:most]


class Gradients(Check):
    """A gradient of nothing or no number, and what is not connected to the loss."""

    def __init__(self) -> None:
        self._zeros = 0

    def gradients(self, sight: Sight, step: int) -> Finding | None:
        """Look at once whether anything that trains has a gradient at all."""
        if step > SOON:
            return None
        trained = [parameter for parameter in sight.model.parameters() if parameter.requires_grad]
        if not trained or any(parameter.grad is not None for parameter in trained):
            return None
        message = f"step {step}: none of the {len(trained)} tensors that should train has a gradient"
        advice = "the loss is not connected to them; with gradient checkpointing the inputs must require gradients"
        return Finding("no_gradient", message, advice)

    def logged(self, sight: Sight, step: int, logs: dict[str, Any]) -> Finding | None:
        """Look at the length of the gradient, twice in a row."""
        norm = logs.get("grad_norm")
        broken = norm is not None and norm != norm
        self._zeros = self._zeros + 1 if norm == 0.0 or broken else 0
        if self._zeros < (SCALING if broken and sight.args.fp16 else 2):
            return None
        if broken:
            what, advice = "is no number", "lower training.learning_rate, or train in bf16 or fp32"
        elif sight.nothing_is_learned():
            what, advice = f"is 0: all labels are masked{sight.rows()}", "see which part of a row is learned"
        else:
            what, advice = "is 0", "the loss does not depend on what trains; is the right part of the model frozen?"
        return Finding("gradient", f"step {step}: the gradient {what}, {self._zeros} times in a row", advice)


class Moving(Check):
    """Weights that train must move, frozen ones must not; at the end every tensor that trains is counted."""

    def __init__(self) -> None:
        self.proof: dict[str, int] = {}
        self._trained: dict[str, float] = {}
        self._frozen: dict[str, float] = {}
        self._looked = False

    def begin(self, sight: Sight) -> None:
        """Take the marks of all that trains and of some that are frozen."""
        named = list(sight.model.named_parameters())
        self._trained = {name: mark(tensor) for name, tensor in named if tensor.requires_grad}
        frozen = [(name, tensor) for name, tensor in named if not tensor.requires_grad]
        self._frozen = {name: mark(tensor) for name, tensor in spread_out(frozen, FEW)}
        self._first = sight.state.global_step

    def stepped(self, sight: Sight, step: int) -> Finding | None:
        """Compare some of them after a few steps."""
        if self._looked or step - self._first - sight.skipped < SOON:
            return None
        self._looked = True
        now = dict(sight.model.named_parameters())
        watched = spread_out([(name, now[name]) for name in self._trained if name in now], FEW)
        still = [name for name, tensor in watched if mark(tensor) == self._trained[name]]
        if watched and len(still) == len(watched):
            message = f"step {step}: nothing that should train has moved after {SOON} steps ({still[0]} is as it began)"
            return Finding("weights_still", message, "see training.learning_rate, and whether the optimizer holds them")
        return self._adapters_at_zero(now, step) or self._moved(now, step)

    def _adapters_at_zero(self, now: dict[str, torch.Tensor], step: int) -> Finding | None:
        """LoRA's second matrix begins at zero; while it stays there, adapter and base are the same model."""
        second = [tensor for name, tensor in now.items() if ".lora_B." in name and name in self._trained]
        if not second or any(bool(tensor.any()) for tensor in second):
            return None
        message = f"step {step}: all {len(second)} lora_B matrices are still zero: the adapters change nothing"
        advice = "what trains is beside the adapters; see whether they are switched on and the loss passes through them"
        return Finding("adapters_at_zero", message, advice)

    def _moved(self, now: dict[str, torch.Tensor], step: int) -> Finding | None:
        moved = [name for name, before in self._frozen.items() if name in now and mark(now[name]) != before]
        if not moved:
            return None
        message = f"step {step}: weights that are frozen have moved: {moved[0]}"
        return Finding(
            "frozen_moved", message, "something beside the optimizer changes them; the base is no longer the base"
        )

    def ended(self, sight: Sight, step: int) -> Finding | None:
        """Count the tensors that moved."""
        now = dict(sight.model.named_parameters())
        moved = sum(name in now and mark(now[name]) != before for name, before in self._trained.items())
        self.proof = {"tensors": len(self._trained), "moved": moved}
        return self._moved(now, step)
