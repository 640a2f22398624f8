"""The trainer of a language model that continues texts."""

from collections.abc import Sequence

from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer, TrainerCallback
from trl import SFTConfig

from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.learned_batches import check_learned
from engine.recipes.parts.loss_kernel.chunked import KernelTrainer, kernel_arguments
from engine.recipes.parts.measuring import Measuring
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.retention.none import guard
from engine.recipes.parts.trained_dtype.chosen import store_trained


class CausalTrainer(Measuring, KernelTrainer):
    """The library's trainer of language models, measuring every test set."""


def make_trainer(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: tuple[Dataset, dict[str, Dataset]],
    callbacks: Sequence[TrainerCallback],
    packing: bool = False,
) -> Trainer:
    """Return the trainer of tokenised training rows and test sets."""
    trainer = guard(CausalTrainer)(
        model=model,
        args=SFTConfig(
            **arguments(),
            **kernel_arguments(),
            max_length=MAX_LENGTH,
            packing=packing,
            eval_packing=False,
            metric_for_best_model="eval_loss",
        ),
        train_dataset=rows[0],
        eval_dataset=rows[1],
        processing_class=tokenizer,
        callbacks=list(callbacks),
    )
    check_learned(trainer, rows[0], tokenizer)
    store_trained(trainer.model)
    return trainer
