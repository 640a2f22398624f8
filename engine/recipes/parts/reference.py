"""The untouched model, from which a policy may not stray: the policy itself with its adapter off, or a frozen copy."""

import copy
from collections.abc import Callable

import torch
from peft import PeftModel
from transformers import PreTrainedModel

from engine.recipes.parts.rollout import read_back
from engine.recipes.parts.trust_region import KL_COEF


def make_reference(
    model: PreTrainedModel, frozen: PreTrainedModel | None = None
) -> Callable[[dict[str, torch.Tensor]], torch.Tensor] | None:
    """Return what gives the reference's log-probabilities of answers; call it before the policy is trained or loaded.

    An adapter needs no second copy of the base. Without one a copy is held as long as straying has a price; `frozen`
    is one that is held already.
    """
    if not isinstance(model, PeftModel) and frozen is None and KL_COEF:
        frozen = copy.deepcopy(model).eval().requires_grad_(False)

    @torch.no_grad()
    def log_probabilities(answers: dict[str, torch.Tensor]) -> torch.Tensor:
        if frozen is not None:
            return read_back(frozen, answers)[0]
        with model.disable_adapter():
            return read_back(model, answers)[0]

    return log_probabilities if isinstance(model, PeftModel) or frozen is not None else None
