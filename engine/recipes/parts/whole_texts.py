"""The beginnings of whole texts, to be continued."""

from datasets import Dataset
from transformers import PreTrainedTokenizerBase


def beginnings(rows: Dataset, tokenizer: PreTrainedTokenizerBase, count: int) -> list[tuple[str, list[int]]]:
    """Return `count` beginnings as text and as tokens: of the first texts, of fewer texts from several places each."""
    each = -(-count // max(1, len(rows)))
    begun = []
    for text in rows.select(range(min(count, len(rows))))["text"]:
        for place in range(each):
            start = text.find(" ", len(text) * place // each) + 1 if place else 0
            tokens = tokenizer(text[start : start + 1000])["input_ids"]
            first = [token for token in tokens[: max(2, min(32, len(tokens) // 2))] if token != tokenizer.eos_token_id]
            begun.append((tokenizer.decode(first, skip_special_tokens=True), first))
    return begun[:count]
