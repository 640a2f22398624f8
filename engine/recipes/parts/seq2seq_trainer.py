"""The trainer of a model that turns one text into another."""

from collections.abc import Sequence

from datasets import Dataset
from peft import PeftModel
from transformers import (
    DataCollatorForSeq2Seq,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    Trainer,
    TrainerCallback,
)

from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.learned_batches import check_learned
from engine.recipes.parts.measuring import Measuring
from engine.recipes.parts.retention.none import guard


class PairTrainer(Measuring, Seq2SeqTrainer):
    """The library's trainer of encoder-decoder models, measuring every test set."""


def make_trainer(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: tuple[Dataset, dict[str, Dataset]],
    callbacks: Sequence[TrainerCallback],
) -> Trainer:
    """Return the trainer of tokenised training rows and test sets; padding is never learned."""
    trainer = guard(PairTrainer)(
        model=model,
        args=Seq2SeqTrainingArguments(**arguments(), metric_for_best_model="eval_loss"),
        train_dataset=rows[0],
        eval_dataset=rows[1],
        processing_class=tokenizer,
        data_collator=DataCollatorForSeq2Seq(tokenizer, model=model),
        callbacks=list(callbacks),
    )
    check_learned(trainer, rows[0], tokenizer)
    return trainer
