"""Batches from which nothing would be learned end a run before its first step, with the cause."""

from typing import Any

import torch
from datasets import Dataset
from transformers import PreTrainedTokenizerBase, Trainer

from engine.recipes.parts.begin import SEED
from engine.recipes.parts.reading import BATCH, MAX_LENGTH


def learned_tokens(batch: dict[str, Any]) -> list[torch.Tensor]:
    """Return the tokens of a batch that are learned, of each of its texts; nothing predicts the first of a text."""
    found = []
    for name in ("", "chosen_", "rejected_"):
        ids, labels = batch.get(f"{name}input_ids"), batch.get(f"{name}labels")
        if "completion_mask" in batch and ids is not None:
            found.append(ids[:, 1:][batch["completion_mask"][:, 1:] == 1])
        elif labels is not None and labels.dim() == 2:
            beside = "decoder_input_ids" in batch  # a decoder's labels are a text of their own
            kept = labels if beside else labels[:, 1:]
            found.append(kept[kept != -100])
    return found


def first_ids(batch: dict[str, Any]) -> torch.Tensor:
    """Return the tokens of a batch, of two texts the first one's."""
    found: torch.Tensor = batch["input_ids"] if "input_ids" in batch else batch["chosen_input_ids"]
    return found


def cause(batch: dict[str, Any], tokenizer: PreTrainedTokenizerBase) -> str:
    """Return why nothing is learned from a batch."""
    ids = first_ids(batch)
    mask = batch.get("attention_mask", batch.get("chosen_attention_mask"))
    mask = torch.ones_like(ids) if mask is None else mask
    sizes = mask.sum(1).tolist()
    ends = [row[real.bool()][-1].item() == tokenizer.eos_token_id for row, real in zip(ids, mask, strict=True)]
    if min(sizes) >= MAX_LENGTH and not any(ends):
        return f"all of its rows are cut at {MAX_LENGTH} tokens, before their answers: raise training.max_length"
    if tokenizer.pad_token_id == tokenizer.eos_token_id and all(ends) and not any(map(len, learned_tokens(batch))):
        return (
            "the padding token is the end-of-text token, and what is masked as padding is the end of the answers: "
            "mask padding by its place"
        )
    return (
        "no answer begins where the chat template or the response marker says that it does: see what is rendered with "
        "tunewright tokens, and correct objective.chat_template"
    )


def check_learned(trainer: Trainer, rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> None:
    """Look at 64 batches as the trainer makes them; one in which nothing but ends of texts is learned is refused."""
    end = tokenizer.eos_token_id
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(SEED)).tolist()[: 64 * BATCH]
    for start in range(0, len(order), BATCH):
        batch = trainer.data_collator([rows[place] for place in order[start : start + BATCH]])
        if not any((tokens != end).any() for tokens in learned_tokens(batch)):
            text = tokenizer.decode(first_ids(batch)[0], skip_special_tokens=True)
            raise ValueError(
                f"nothing would be learned from a batch ({text[:60]!r} is its first row): {cause(batch, tokenizer)}"
            )
