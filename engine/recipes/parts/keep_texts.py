"""Plain texts on which nothing should be forgotten, joined and cut into rows of tokens."""

import random

from datasets import Dataset, load_dataset
from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.begin import SEED
from engine.recipes.parts.data.files.general import files_of
from engine.recipes.parts.data.load.general import read
from engine.recipes.parts.data.plain_text_files import is_text
from engine.recipes.parts.ended import ended
from engine.recipes.parts.keep_named import KEEP
from engine.recipes.parts.kept import KEEP_ROWS
from engine.recipes.parts.token_rows import row_length, token_rows


def keep_source() -> Dataset:
    """Return the rows of a table, or one row for each text file."""
    files = files_of(KEEP)
    if files and all(is_text(file) for file in files):
        return load_dataset("text", data_files=files, split="train", sample_by="document", encoding_errors="replace")
    return read(KEEP)


def text_rows(texts: list[str], tokenizer: PreTrainedTokenizerBase) -> Dataset:
    """Return rows of equal length, each from one text; of a long text its beginning, of many texts a random choice."""
    random.Random(SEED).shuffle(texts)
    length, blocks = row_length(), list[list[int]]()
    for text in texts:
        whole = ended([text[: KEEP_ROWS * length * 8]], tokenizer)[0]
        blocks += [whole[start : start + length] for start in range(0, len(whole), length)]
        if len(blocks) >= 4 * KEEP_ROWS:
            break
    return token_rows([block for block in blocks if len(block) > 1])
