"""Batches of a run: rows of its own training set, put together by its own collator."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import torch

Batch = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """How many rows there are, how some of them become a batch, and in which batches an epoch goes through them."""

    tokenizer: Any
    count: int
    collate: Callable[[Sequence[int]], Batch]
    epoch: Callable[[], Iterable[Batch]]
    learned: str
    """What is learned of a row: `tokens` where some are masked, `whole` where one number or vector stands for a text,
    `answer` where the model itself will write what is learned."""
    two_sided: bool = False
    """Whether the labels are a text of their own, which a decoder writes."""
    classes: dict[int, str] | None = None
    limit: int = 0
    encoder: Any = None


def of_trainer(trainer: Any, module: Any) -> Source:
    """Return the batches of a trainer."""
    rows = trainer.train_dataset
    whole = trainer.model.config if hasattr(trainer.model, "config") else None
    encoder = trainer.model if hasattr(trainer.model, "max_seq_length") else None
    plain = trainer._remove_unused_columns(rows, "training") if encoder is None else rows

    def collate(places: Sequence[int]) -> Batch:
        return dict(trainer.data_collator([plain[place] for place in places]))

    first = collate([0])
    masked = any(name.endswith(("labels", "completion_mask")) and is_table(value) for name, value in first.items())
    return Source(
        tokenizer=trainer.processing_class if encoder is None else encoder.tokenizer,
        count=len(rows),
        collate=collate,
        epoch=trainer.get_train_dataloader,
        learned="tokens" if masked else "whole",
        two_sided=bool(getattr(whole, "is_encoder_decoder", False)),
        classes=getattr(whole, "id2label", None) if not masked and encoder is None else None,
        limit=int(vars(module)["MAX_LENGTH"]),
        encoder=encoder,
    )


def of_prompts(reached: Sequence[Any], module: Any) -> Source:
    """Return the prompts of reinforcement learning: what a trainer of answers is given, before it answers."""
    _, tokenizer, (questions, _), *_ = reached
    size = int(vars(module)["BATCH"])

    def collate(places: Sequence[int]) -> Batch:
        tokens = {"input_ids": [questions[place].tokens for place in places]}
        return dict(tokenizer.pad(tokens, padding_side="left", return_tensors="pt"))

    return Source(
        tokenizer=tokenizer,
        count=len(questions),
        collate=collate,
        epoch=lambda: map(collate, chunks(len(questions), size)),
        learned="answer",
        limit=int(vars(module)["MAX_LENGTH"]),
    )


def of_texts(reached: Sequence[Any], module: Any) -> Source:
    """Return texts that a frozen encoder reads once."""
    encoder, texts = reached
    size = int(vars(module)["BATCH"])

    def collate(places: Sequence[int]) -> Batch:
        return dict(encoder.tokenize([texts[place] for place in places]))

    return Source(
        tokenizer=encoder.tokenizer,
        count=len(texts),
        collate=collate,
        epoch=lambda: map(collate, chunks(len(texts), size)),
        learned="whole",
        limit=int(vars(module)["MAX_LENGTH"]),
        encoder=encoder,
    )


def chunks(count: int, size: int) -> list[range]:
    """Return the places of each batch, in order."""
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def is_table(value: Any) -> TypeGuard[torch.Tensor]:
    """Return whether this is a tensor with a row for each text."""
    return isinstance(value, torch.Tensor) and value.dim() == 2
