"""Plain texts as tokens, each with its end marked."""

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.reading import MAX_LENGTH


def tokenize(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
    """Return `input_ids` and `labels`; all of a text is learned, and its end once."""

    def texts(batch: dict[str, list[str]]) -> dict[str, list[list[int]]]:
        found = []
        for tokens in tokenizer(batch["text"])["input_ids"]:
            start = 1 if tokens[:2] == [tokenizer.bos_token_id] * 2 else 0
            whole = (
                tokens[start:] if tokens[-1:] == [tokenizer.eos_token_id] else [*tokens[start:], tokenizer.eos_token_id]
            )
            found.append(whole[:MAX_LENGTH])
        return {"input_ids": found, "labels": found}

    return rows.map(texts, batched=True, remove_columns=rows.column_names, desc="tokenising")


def prompts(rows: Dataset, tokenizer: PreTrainedTokenizerBase, count: int) -> list[tuple[str, list[int]]]:
    """Return the beginnings of the first texts, as text and as tokens, to be continued."""
    begun = []
    for row in rows.select(range(min(count, len(rows)))):
        tokens = tokenizer(row["text"])["input_ids"]
        start = [token for token in tokens[: max(2, min(32, len(tokens) // 2))] if token != tokenizer.eos_token_id]
        begun.append((tokenizer.decode(start, skip_special_tokens=True), start))
    return begun
