"""Rows of the goal are kept: a model that turns one text into another has nothing to say to a text alone."""

from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.data.load.general import read
from engine.recipes.parts.keep_form.single import in_form
from engine.recipes.parts.keep_set import KeepSet
from engine.recipes.parts.tokens.seq2seq import tokenize

KEEP: str = ""  # rows on which nothing should be forgotten: rows of the goal


class Keep(KeepSet):
    """The person's own rows."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Read and part them, before any weights are loaded."""
        formed = in_form(read(KEEP))
        if formed is None:
            raise ValueError(f"data.keep: {KEEP} has not the columns of this run's rows, a prompt and its answer")
        self.part(tokenize(formed, tokenizer))
