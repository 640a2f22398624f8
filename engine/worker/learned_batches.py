"""Batches from which nothing would be learned end a run before its first step, with the cause."""

from typing import Any

import torch
from transformers import PreTrainedTokenizerBase, Trainer


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


def cause(batch: dict[str, Any], tokenizer: PreTrainedTokenizerBase, max_length: int) -> str:
    """Return why nothing is learned from a batch."""
    ids = first_ids(batch)
    mask = batch.get("attention_mask", batch.get("chosen_attention_mask"))
    mask = torch.ones_like(ids) if mask is None else mask
    sizes = mask.sum(1).tolist()
    ends = [row[real.bool()][-1].item() == tokenizer.eos_token_id for row, real in zip(ids, mask, strict=True)]
    if min(sizes) >= max_length and not any(ends):
        return f"all of its rows are cut at {max_length} tokens, before their answers: raise training.max_length"
    if tokenizer.pad_token_id == tokenizer.eos_token_id and all(ends) and not any(map(len, learned_tokens(batch))):
        return (
            "the padding token is the end-of-text token, and what is masked as padding is the end of the answers: "
            "mask padding by its place"
        )
    return (
        "no answer begins where the chat template or the response marker says that it does: see what is rendered with "
        "tunewright tokens, and correct objective.chat_template"
    )


def check_learned(trainer: Trainer, rows: Any, max_length: int) -> None:
    """Look at 64 batches as the trainer makes them; one in which nothing but ends of texts is learned is refused.

    Batches without labels for each token (of a classifier, a reward or an embedding model) are not looked at.
    """
    tokenizer, size = trainer.processing_class, trainer.args.per_device_train_batch_size
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(trainer.args.seed)).tolist()[: 64 * size]
    for start in range(0, len(order), size):
        batch = trainer.data_collator([rows[place] for place in order[start : start + size]])
        learned = learned_tokens(batch)
        if not learned:
            return
        if not any((tokens != tokenizer.eos_token_id).any() for tokens in learned):
            text = tokenizer.decode(first_ids(batch)[0], skip_special_tokens=True)
            why = cause(batch, tokenizer, max_length)
            raise ValueError(f"nothing would be learned from a batch ({text[:60]!r} is its first row): {why}")
