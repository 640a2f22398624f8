"""Whole texts as tokens: begun as the tokenizer begins them, and ended once."""

from transformers import PreTrainedTokenizerBase


def ended(texts: list[str], tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    """Return the tokens of every text, with one mark at its beginning, if the tokenizer has any, and one at its end."""
    found = []
    for tokens in tokenizer(texts)["input_ids"]:
        start = 1 if tokens[:2] == [tokenizer.bos_token_id] * 2 else 0
        end = [] if tokens[-1:] == [tokenizer.eos_token_id] else [tokenizer.eos_token_id]
        found.append([*tokens[start:], *end])
    return found
