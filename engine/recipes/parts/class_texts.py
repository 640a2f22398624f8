"""Texts as tokens for a model that reads each of them whole and says one class."""

from typing import Any

from datasets import Dataset
from peft import PeftModel
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from engine.recipes.parts.base import BASE_MODEL, REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.reading import MAX_LENGTH


def load_reader() -> PreTrainedTokenizerBase:
    """Return the base model's tokenizer; where it has no padding token, it takes the end of a text for one."""
    tokenizer = AutoTokenizer.from_pretrained(BASE_MODEL, revision=REVISION, trust_remote_code=TRUST_REMOTE_CODE)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    return tokenizer


def agree(model: PreTrainedModel | PeftModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Tell the model what padding is, and put it where the model does not look.

    A causal model judges by the last token that is no padding. Behind virtual tokens it is given vectors in place of
    tokens and takes the very last one, so there the padding goes to the left.
    """
    model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    virtual = getattr(getattr(model, "active_peft_config", None), "is_prompt_learning", False)
    tokenizer.padding_side = "left" if virtual and tokenizer.cls_token is None else "right"


def tokenize_texts(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
    """Return `input_ids` and what goes with them, and `labels`; two texts are separated as the model is used to."""

    def tokens(batch: dict[str, list[Any]]) -> dict[str, Any]:
        texts, others = batch["text"], batch.get("text_pair")
        if others and tokenizer.sep_token is None:
            texts, others = ["\n\n".join(both) for both in zip(texts, others, strict=True)], None
        return {**tokenizer(texts, others, truncation=True, max_length=MAX_LENGTH), "labels": batch["label"]}

    return rows.map(tokens, batched=True, remove_columns=rows.column_names, desc="tokenising")
