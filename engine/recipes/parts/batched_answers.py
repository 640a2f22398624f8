"""Answers to many prompts, several at once, the likeliest token at every step."""

import torch
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from engine.recipes.parts.asking.causal import answer_in
from engine.recipes.parts.reading import BATCH, PRECISION

MAX_NEW_TOKENS: int = 64  # longest answer, in tokens


def batched_answers(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, asked: list[list[int]]) -> list[str]:
    """Return the model's answer to each tokenised prompt; prompts of a like length are asked together."""
    model.eval()
    order = sorted(range(len(asked)), key=lambda place: -len(asked[place]))
    said: dict[int, str] = {}
    for start in tqdm(range(0, len(order), BATCH), desc="answering", unit="batch"):
        places = order[start : start + BATCH]
        batch = tokenizer.pad({"input_ids": [asked[place] for place in places]}, return_tensors="pt").to(model.device)
        with (
            torch.no_grad(),
            torch.autocast(model.device.type, getattr(torch, PRECISION), enabled=PRECISION != "float32"),
        ):
            whole = model.generate(
                **batch,
                max_new_tokens=MAX_NEW_TOKENS,
                do_sample=False,
                pad_token_id=tokenizer.pad_token_id,
                eos_token_id=tokenizer.eos_token_id,
            )
        said |= dict(zip(places, answer_in(whole, batch["input_ids"], tokenizer), strict=True))
    return [said[place] for place in range(len(asked))]
