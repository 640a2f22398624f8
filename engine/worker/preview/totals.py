"""What all rows together are: tokens, how many are trained on, what is cut, and how much of a batch is padding."""

from collections.abc import Generator, Iterable, Iterator
from typing import Any

import torch
from transformers.trainer_pt_utils import LengthGroupedSampler

from engine.worker.preview.rehearsal import ENOUGH, Rehearsal
from engine.worker.preview.source import Batch, Source
from engine.worker.preview.texts import texts
from engine.worker.truncated import drops

LEARNED = ("labels", "chosen_ids", "rejected_ids", "completion_ids")


def measure(source: Source, rehearsal: Rehearsal, batch: int) -> Iterator[dict[str, Any] | None]:
    """Yield None while the rows are gone through, and the totals at last."""
    lengths: list[int] = []
    told = {"tokens": 0, "trained": 0, "without": 0}
    for number in range(source.count):
        found = list(texts(source.collate([number]), source, 1))
        size, learned = (sum(int(getattr(text, what).sum()) for text in found) for what in ("real", "trained"))
        lengths.append(max((int(text.real.sum()) for text in found), default=0))
        told["tokens"] += size
        told["trained"] += learned
        told["without"] += not learned
        yield None
    rows = rehearsal.rows[0] if rehearsal.rows else source.count
    arguments = getattr(rehearsal.trainer, "args", None)
    packed = bool(getattr(arguments, "packing", False))
    padded = yield from padding(source, source.epoch())
    grouped = None if packed else (yield from padding(source, in_order(source, lengths, batch)))
    yield {
        "examples": source.count,
        "rows": rows,
        "rows_counted": min(rows, rehearsal.limit) if rehearsal.limit else rows,
        "learned": source.learned,
        "tokens": told["tokens"],
        "trained": told["trained"] if source.learned == "tokens" else None,
        "without": told["without"] if source.learned == "tokens" else None,
        "longest": max(lengths, default=0),
        "max_length": source.limit,
        "padding": padded,
        "padding_grouped": grouped,
        "padding_packed": 0.0 if hasattr(arguments, "packing") and not packed else None,
        "padding_unpacked": unpacked(rehearsal, batch) if packed else None,
    }


def padding(source: Source, batches: Iterable[Batch]) -> Generator[None, None, float]:
    """Return the share of all places in some batches that is padding, of chosen and rejected ones both."""
    places = real = 0
    for batch in batches:
        for text in texts(batch, source, -1):
            places += text.real.numel()
            real += int(text.real.sum())
        yield None
    return 1 - real / places if places else 0.0


def in_order(source: Source, lengths: list[int], batch: int) -> Iterator[Batch]:
    """Yield the batches of an epoch with rows of about the same length together, by the library's own sampler."""
    order = list(LengthGroupedSampler(batch, lengths=lengths)) if lengths else []
    for start in range(0, len(order), batch):
        yield source.collate(order[start : start + batch])


def unpacked(rehearsal: Rehearsal, batch: int) -> float:
    """Return the share of padding if every text were a row of its own, in an order drawn at random."""
    sizes = [len(tokens) for tokens in rehearsal.tokenised[0]["input_ids"]]
    order = torch.randperm(len(sizes), generator=torch.Generator().manual_seed(0)).tolist()
    drawn = [sizes[place] for place in order]
    places = sum(max(part := drawn[start : start + batch]) * len(part) for start in range(0, len(drawn), batch))
    return 1 - sum(drawn) / places if places else 0.0


def cuts(source: Source, seen: Rehearsal, whole: Rehearsal) -> dict[str, int | None]:
    """Return how many rows are cut, and of how many the cut takes away something that would be learned."""
    if source.encoder is not None:
        return {"cut": cut_texts(source), "cut_answers": None}
    if seen.tokenised and "truncated" in seen.tokenised[0].column_names:
        return counted(list(seen.tokenised[0]["truncated"]), left_out=drops(seen.module))
    whole.run("model")
    if source.learned == "answer":
        return {"cut": 0, "cut_answers": None}
    if not seen.tokenised or len(seen.tokenised[0]) != len(whole.tokenised[0]):
        return {"cut": 0, "cut_answers": 0}  # texts that are joined and parted anew lose nothing
    pairs = list(zip(map(sizes, seen.tokenised[0]), map(sizes, whole.tokenised[0]), strict=True))
    return {
        "cut": sum(before != after for (before, _), (after, _) in pairs),
        "cut_answers": sum(before != after for (_, before), (_, after) in pairs)
        if source.learned == "tokens"
        else None,
    }


def counted(truncated: list[int], *, left_out: bool) -> dict[str, int | None]:
    """Return how many examples the script itself found too long: 1 the prompt, 2 the answer, 3 both."""
    cut = sum(map(bool, truncated))
    return {
        "cut": cut,
        "cut_prompts": sum(what in (1, 3) for what in truncated),
        "cut_answers": sum(what in (2, 3) for what in truncated),
        "left_out": cut if left_out else 0,
    }


def sizes(row: dict[str, Any]) -> tuple[int, int]:
    """Return how many tokens a tokenised row has, and how many of them are learned."""
    tokens = {name: value for name, value in row.items() if isinstance(value, list) and name != "KL_completion_ids"}
    learned = sum(token != -100 for name in LEARNED for token in tokens.get(name, ()))
    return sum(map(len, tokens.values())), learned


def cut_texts(source: Source) -> int:
    """Return how many rows have a text that the encoder does not read to its end."""
    kept = source.encoder.max_seq_length
    read = [lengths(source, number) for number in range(source.count)]
    source.encoder.max_seq_length = ENOUGH
    try:
        return sum(lengths(source, number) != known for number, known in enumerate(read))
    finally:
        source.encoder.max_seq_length = kept


def lengths(source: Source, number: int) -> list[int]:
    """Return the tokens of each text of a row."""
    return [int(text.real.sum()) for text in texts(source.collate([number]), source, 1)]
