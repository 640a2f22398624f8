"""The trainer of a model that turns one text into another."""

from collections.abc import Sequence
from typing import Any

from datasets import Dataset
from peft import PeftModel
from transformers import (
    DataCollatorForSeq2Seq,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Seq2SeqTrainingArguments,
    Trainer,
    TrainerCallback,
)

from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.evaluation.test_sets.one import PerplexityTrainer
from engine.recipes.parts.retention.none import guard


def make_trainer(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    train: Dataset,
    test: Any,
    callbacks: Sequence[TrainerCallback],
) -> Trainer:
    """Return the trainer; padding is never learned, and the checkpoint with the lowest loss is kept."""
    return guard(PerplexityTrainer)(
        model=model,
        args=Seq2SeqTrainingArguments(**arguments(), metric_for_best_model="eval_loss"),
        train_dataset=train,
        eval_dataset=test,
        processing_class=tokenizer,
        data_collator=DataCollatorForSeq2Seq(tokenizer, model=model),
        callbacks=list(callbacks),
    )
