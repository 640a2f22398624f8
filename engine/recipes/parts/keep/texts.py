"""Plain texts are kept: what the model knew before it read on."""

from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.keep_named import texts_of_rows
from engine.recipes.parts.keep_set import KeepSet
from engine.recipes.parts.keep_texts import keep_source, text_rows


class Keep(KeepSet):
    """The person's own texts."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Read and part them, before any weights are loaded."""
        self.part(text_rows(texts_of_rows(keep_source()), tokenizer))
