"""The texts in a batch: which tokens are there, which of them are trained on, and which are padding."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from engine.worker.preview.source import Batch, Source, is_table

MASKED = -100
BESIDE = ("KL_", "decoder_")
"""Tokens that stand beside the rows: other rows' answers to measure drift with, and labels moved on by one."""


@dataclass(frozen=True)
class Text:
    """The tokens of one text for every row of a batch (rows, length); `real` is false where there is padding."""

    name: str
    ids: torch.Tensor
    trained: torch.Tensor
    real: torch.Tensor


def texts(batch: Batch, source: Source, rows: int) -> Iterator[Text]:
    """Yield the texts of a batch that was made of so many rows."""
    for key, ids in batch.items():
        if not key.endswith("input_ids") or key.startswith(BESIDE) or not is_table(ids):
            continue
        prefix = key.removesuffix("input_ids")
        real = batch.get(f"{prefix}attention_mask")
        real = torch.ones_like(ids, dtype=torch.bool) if real is None else real.bool()
        yield from sides(Text(prefix.rstrip("_"), ids, trained(batch, prefix, ids, source) & real, real), rows)
    labels = batch.get("labels")
    if source.two_sided and is_table(labels):
        there = labels != MASKED
        yield Text("answer", labels.where(there, torch.tensor(source.tokenizer.pad_token_id)), there, there)


def trained(batch: Batch, prefix: str, ids: torch.Tensor, source: Source) -> torch.Tensor:
    """Return which tokens are learned: those with a label; nothing predicts the first one of a text."""
    labels, answer = batch.get(f"{prefix}labels"), batch.get(f"{prefix}completion_mask")
    found = torch.zeros_like(ids, dtype=torch.bool)
    if is_table(answer):
        found[:, 1:] = answer[:, 1:].bool()
    elif is_table(labels) and not source.two_sided:
        found[:, 1:] = labels[:, 1:] != MASKED
    return found


def sides(text: Text, rows: int) -> Iterator[Text]:
    """Yield a text; chosen and rejected answers that lie in one table, one below the other, are two."""
    if len(text.ids) != 2 * rows:
        yield text if text.name else Text("text", text.ids, text.trained, text.real)
        return
    for name, part in (("chosen", slice(0, rows)), ("rejected", slice(rows, None))):
        yield Text(name, text.ids[part], text.trained[part], text.real[part])


def pieces(ids: list[int], tokenizer: Any) -> list[str]:
    """Return the letters that each token adds to a text; of a letter in several tokens, the last has it all."""
    found: list[str] = []
    begin = place = 0
    for end in range(1, len(ids) + 1):
        known = decoded(ids[begin:place], tokenizer)
        whole = decoded(ids[begin:end], tokenizer)
        if whole.endswith("�") and end < len(ids) and end - place < 4:
            found.append("")
            continue
        found.append(whole[len(known) :] if whole.startswith(known) else decoded(ids[place:end], tokenizer))
        begin, place = place, end
    return found


def decoded(ids: list[int], tokenizer: Any) -> str:
    """Return tokens as text, as they are."""
    return str(tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))


def specials(tokenizer: Any) -> set[int]:
    """Return the tokens that are marks and no text."""
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return {
        *tokenizer.all_special_ids,
        *(number for number, token in added.items() if getattr(token, "special", False)),
    }


def row(source: Source, number: int) -> dict[str, Any]:
    """Return one row as its collator makes it: texts with their tokens, and what is said beside them."""
    batch, marks = source.collate([number]), specials(source.tokenizer)
    told = []
    for text in texts(batch, source, 1):
        there = text.real[0]
        ids = text.ids[0][there].tolist()
        told.append(
            {
                "name": text.name,
                "ids": ids,
                "pieces": pieces(ids, source.tokenizer),
                "trained": text.trained[0][there].int().tolist(),
                "special": [int(token in marks) for token in ids],
            }
        )
    return {
        "number": number,
        "count": source.count,
        "learned": source.learned,
        "label": label(batch, source),
        "texts": told,
    }


def label(batch: Batch, source: Source) -> str:
    """Return the label of the only row of a batch, or nothing."""
    value = batch.get("labels", batch.get("label"))
    if not isinstance(value, torch.Tensor) or value.numel() != 1 or is_table(value):
        return ""
    number = value.item()
    known = (source.classes or {}).get(int(number))
    return known if known is not None else f"{number:g}" if isinstance(number, float) else str(number)
