"""How likely a language model finds each of several answers to one prompt; the prompt is read once."""

import copy

import torch
from transformers import DynamicCache, PreTrainedModel

from engine.recipes.parts.reading import BATCH, PRECISION


def continued(
    model: PreTrainedModel, past: DynamicCache, last: int, read: int, answers: list[list[int]]
) -> list[float]:
    """Return the log-probability of each answer, given `past` (all but the `last` one of `read` tokens of a prompt)."""
    length = max(map(len, answers))
    rows = torch.tensor([[last, *answer[:-1], *[0] * (length - len(answer))] for answer in answers])
    told = torch.tensor([[*answer, *[-1] * (length - len(answer))] for answer in answers]).to(model.device)
    seen = torch.cat([torch.ones(len(answers), read - 1, dtype=torch.long), torch.ones_like(rows)], dim=1)
    for row, answer in enumerate(answers):
        seen[row, read - 1 + len(answer) :] = 0
    known = copy.deepcopy(past)
    known.batch_repeat_interleave(len(answers))
    logits = model(rows.to(model.device), attention_mask=seen.to(model.device), past_key_values=known).logits.float()
    each = logits.log_softmax(-1).gather(-1, told.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    totals: list[float] = (each * (told >= 0)).sum(-1).tolist()
    return totals


def log_likelihoods(model: PreTrainedModel, prompt: list[int], answers: list[list[int]]) -> list[float]:
    """Return the sum of the log-probabilities of each answer's tokens after the prompt, of two tokens at least."""
    found: list[float] = []
    with torch.no_grad(), torch.autocast(model.device.type, getattr(torch, PRECISION), enabled=PRECISION != "float32"):
        past = DynamicCache(config=model.config)
        model(torch.tensor([prompt[:-1]], device=model.device), past_key_values=past, use_cache=True)
        for start in range(0, len(answers), BATCH):
            found += continued(model, past, prompt[-1], len(prompt), answers[start : start + BATCH])
    return found
