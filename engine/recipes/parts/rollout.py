"""Answers drawn from a policy, and how likely a model holds each of their tokens."""

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from engine.recipes.parts.reading import BATCH, PRECISION
from engine.recipes.parts.samples import MAX_NEW_TOKENS

SAMPLING_TEMPERATURE: float = 1.0  # softness of the choice of every token; 1 is the model's own distribution


def arithmetic(model: PreTrainedModel) -> torch.autocast:
    """Return the training's arithmetic, to be entered around a forward pass."""
    return torch.autocast(model.device.type, getattr(torch, PRECISION), enabled=PRECISION != "float32")


def endings(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return every token that ends an answer: the tokenizer's, and those that the model names (an end of turn)."""
    known = model.generation_config.eos_token_id
    return sorted({tokenizer.eos_token_id, *(known if isinstance(known, list) else [known])} - {None})


@torch.no_grad()
def draw(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[list[int]]
) -> dict[str, torch.Tensor]:
    """Return an answer to each prompt, drawn from the whole distribution whatever the model's own habits are.

    `tokens` and `seen` (rows, prompt + answer): prompts end and answers begin at one place, the rest is padding that
    is not seen; `answered` (rows, answer): which tokens are the answer's own, its end included.
    """
    pad, width, ends = tokenizer.pad_token_id, max(map(len, prompts)), endings(model, tokenizer)
    asked = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in prompts], device=model.device)
    seen = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=model.device)
    drawn = []
    for start in range(0, len(prompts), BATCH):
        with arithmetic(model):
            whole = model.generate(
                input_ids=asked[start : start + BATCH],
                attention_mask=seen[start : start + BATCH],
                max_new_tokens=MAX_NEW_TOKENS,
                do_sample=True,
                temperature=SAMPLING_TEMPERATURE,
                top_k=0,
                top_p=1.0,
                repetition_penalty=1.0,
                pad_token_id=pad,
                eos_token_id=ends,
            )
        drawn.append(whole[:, width:])
    longest = max(answers.shape[1] for answers in drawn)
    given = torch.cat([torch.nn.functional.pad(each, (0, longest - each.shape[1]), value=pad) for each in drawn])
    ended = torch.isin(given, torch.tensor(ends, device=model.device)).long()
    answered = ended.cumsum(1) - ended == 0
    given = given.masked_fill(~answered, pad)
    return {
        "tokens": torch.cat([asked, given], 1),
        "seen": torch.cat([seen, answered.long()], 1),
        "answered": answered.float(),
    }


def spoken(answers: dict[str, torch.Tensor], tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """Return the answers as texts."""
    width = answers["answered"].shape[1]
    lengths = answers["answered"].sum(1).int().tolist()
    tokens = [row[:length] for row, length in zip(answers["tokens"][:, -width:].tolist(), lengths, strict=True)]
    return list(tokenizer.batch_decode(tokens, skip_special_tokens=True))


def read_back(
    model: PreTrainedModel, answers: dict[str, torch.Tensor], states: bool = False
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """Return log-probability and entropy of every answer token (rows, answer), and with `states` what it was told by.

    The states are the last hidden ones before each token (rows, answer, width): what a value function reads.
    """
    width = answers["answered"].shape[1]
    with arithmetic(model):
        output = model(
            input_ids=answers["tokens"],
            attention_mask=answers["seen"],
            position_ids=(answers["seen"].cumsum(1) - 1).clamp(min=0),
            logits_to_keep=width + 1,
            output_hidden_states=states,
            use_cache=False,
        )
    every = (output.logits[:, :-1].float() / SAMPLING_TEMPERATURE).log_softmax(-1)
    chosen = every.gather(-1, answers["tokens"][:, -width:, None]).squeeze(-1)
    before = output.hidden_states[-1][:, -width - 1 : -1].float() if states else None
    return chosen, -(every.exp() * every).sum(-1), before
