"""What the untouched model writes by itself is kept: text drawn from it, from the first token on."""

import torch
from datasets import Dataset
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from engine.recipes.parts.begin import SEED
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.keep_set import KeepSet
from engine.recipes.parts.kept import KEEP_ROWS
from engine.recipes.parts.reading import BATCH
from engine.recipes.parts.results import measured_once
from engine.recipes.parts.token_rows import row_length, token_rows
from engine.recipes.parts.untouched import without_prompt


def until_end(tokens: list[int], end: int) -> list[int]:
    """Return the tokens up to the end of the text; what follows is padding."""
    return tokens[: tokens.index(end, 1) + 1] if end in tokens[1:] else tokens


def drawn_texts(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    """Return KEEP_ROWS texts as tokens, drawn from the model's own probabilities; no other random number is changed."""
    if model.device.type != DEVICE:
        model.to(DEVICE)
    end = tokenizer.eos_token_id
    first = end if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    begun = torch.full((min(BATCH, KEEP_ROWS), 1), first, device=model.device)
    found: list[list[int]] = []
    model.eval()
    with torch.random.fork_rng(), without_prompt(model), torch.no_grad():
        torch.manual_seed(SEED)
        for _ in tqdm(range(0, KEEP_ROWS, len(begun)), desc="the model writes what is kept", unit="batch"):
            whole = model.generate(
                input_ids=begun,
                attention_mask=torch.ones_like(begun),
                max_new_tokens=row_length() - 1,
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                pad_token_id=end,
                eos_token_id=end,
            )
            found += [until_end(tokens, end) for tokens in whole.tolist()]
    return [tokens for tokens in found[:KEEP_ROWS] if len(tokens) > 2]


class Keep(KeepSet):
    """The model's own texts, written once and kept in the output folder."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Read nothing: the model has to be loaded first."""
        self.tokenizer = tokenizer

    def joined(
        self, model: PreTrainedModel, train: Dataset, tests: dict[str, Dataset]
    ) -> tuple[Dataset, dict[str, Dataset]]:
        """Let the model write, and return the rows to train on, and the test sets with its own texts among them."""
        self.part(token_rows(measured_once("keep_rows.json", lambda: drawn_texts(model, self.tokenizer))))
        return super().joined(model, train, tests)
