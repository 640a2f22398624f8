"""Texts are kept by holding what the classifier says of them; so it must have something to say."""

from transformers import PreTrainedTokenizerBase

from engine.recipes.parts.class_keep_set import ClassKeep, check_head


class Keep(ClassKeep):
    """The person's own rows."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, names: list[str]) -> None:
        """Read and part them, once the model is known to be a classifier of these classes."""
        check_head(names, "retention.kind: this guard holds what the model says of the kept rows")
        super().__init__(tokenizer, names)
