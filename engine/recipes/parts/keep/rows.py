"""Rows of the goal, or plain texts, are kept."""

from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.keep_form.single import in_form
from engine.recipes.parts.keep_named import texts_of_rows
from engine.recipes.parts.keep_set import KeepSet
from engine.recipes.parts.keep_texts import keep_source, text_rows
from engine.recipes.parts.tokens.chat import tokenize


class Keep(KeepSet):
    """The person's own rows."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Read and part them, before any weights are loaded."""
        rows = keep_source()
        formed = in_form(rows)
        self.part(text_rows(texts_of_rows(rows), tokenizer) if formed is None else tokenize(formed, tokenizer))
