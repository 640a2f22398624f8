"""Questions to a model that turns one text into another."""

from typing import Any

import torch
from datasets import Dataset
from transformers import (
    DataCollatorForSeq2Seq,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Seq2SeqTrainingArguments,
    Trainer,
)

from engine.recipes.parts.evaluation.test_sets.one import PerplexityTrainer
from engine.recipes.parts.pair_texts import ended, written
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.untrained import asking


def ready(tokenizer: PreTrainedTokenizerBase) -> None:
    """Put padding where the encoder expects it."""
    tokenizer.padding_side = "right"


def prompt(turns: list[dict[str, Any]], _: Any, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return the tokens of what was said before an answer; what is too long is cut."""
    tokens: list[int] = tokenizer(written(turns), max_length=MAX_LENGTH, truncation=True)["input_ids"]
    return tokens


def learnable(
    turns: list[dict[str, Any]], answer: dict[str, Any], tools: Any, tokenizer: PreTrainedTokenizerBase
) -> dict[str, list[int]]:
    """Return `input_ids` and `labels` of one answer, as a training would have them."""
    told = ended(tokenizer(text_target=answer["content"])["input_ids"], tokenizer.eos_token_id)
    return {"input_ids": prompt(turns, tools, tokenizer), "labels": told[:MAX_LENGTH]}


def new_examiner(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, rows: Dataset) -> Trainer:
    """Return what measures the loss of the rows."""
    return PerplexityTrainer(
        model=model,
        args=Seq2SeqTrainingArguments(**asking()),
        eval_dataset=rows,
        processing_class=tokenizer,
        data_collator=DataCollatorForSeq2Seq(tokenizer, model=model),
    )


def answer_in(whole: torch.Tensor, _: torch.Tensor, tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """Return the answers, which are all that is generated."""
    return [text.strip() for text in tokenizer.batch_decode(whole, skip_special_tokens=True)]
