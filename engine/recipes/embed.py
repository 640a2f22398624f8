"""An embedding model whose vectors are close for texts that belong together, measured before and after."""

from collections.abc import Sequence
from typing import Any

from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from torch import nn
from transformers import TrainerCallback

from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.begin import begin
from engine.recipes.parts.embedding_evaluator.retrieval import make_evaluator
from engine.recipes.parts.embedding_loss.ranking import batch_sampler, make_loss
from engine.recipes.parts.embedding_rows.ranked import embedding_rows, prompts
from engine.recipes.parts.embedding_sizes.matryoshka import at_every_size, sizes
from engine.recipes.parts.embedding_trainer.plain import new_trainer, take_up_loss
from engine.recipes.parts.encoder import load_encoder
from engine.recipes.parts.encoder_adapter.lora import adapt_encoder, saved_weights
from engine.recipes.parts.encoder_check import check_encoder_method
from engine.recipes.parts.evaluation.best_checkpoint import check_best_loaded, measured_best
from engine.recipes.parts.measured import Measured
from engine.recipes.parts.output import output
from engine.recipes.parts.results import compare, measured_once, report
from engine.recipes.parts.training.resume.trainer import train_from_checkpoint


def make_trainer(
    encoder: SentenceTransformer,
    rows: tuple[Dataset, Dataset],
    loss: nn.Module,
    evaluator: Measured,
    callbacks: Sequence[TrainerCallback],
) -> SentenceTransformerTrainer:
    """Return the trainer with the loss and the measurement that go with the rows."""
    return new_trainer(
        model=encoder,
        args=SentenceTransformerTrainingArguments(
            **arguments(),
            batch_sampler=batch_sampler(),
            prompts=prompts(),
            metric_for_best_model=f"eval_{evaluator.primary_metric}",
            greater_is_better=evaluator.greater_is_better,
        ),
        train_dataset=rows[0],
        eval_dataset=rows[1],
        loss=at_every_size(encoder, loss),
        evaluator=evaluator,
        callbacks=list(callbacks),
    )


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Train, measure before and after, save the best model, and return the results."""
    begin()
    check_encoder_method()
    rows = embedding_rows()
    measured = sizes()
    encoder = load_encoder()
    adapt_encoder(encoder)
    loss = make_loss(encoder, rows[0])
    evaluator = make_evaluator(rows, measured, loss)
    trainer = make_trainer(encoder, rows, loss, evaluator, callbacks)
    before = measured_once("baseline.json", trainer.evaluate)
    take_up_loss(trainer)
    train_from_checkpoint(trainer)
    check_best_loaded(trainer.state.best_model_checkpoint, saved_weights(encoder))
    after = measured_best(trainer)
    encoder.save_pretrained(str(output() / "model"))
    return report(
        {
            "goal": "embed",
            "metrics": compare(before, after, {f"eval_{name}": up for name, up in evaluator.reported.items()}),
            "samples": [],
            "train_rows": len(rows[0]),
            "test_rows": len(rows[1]),
        }
    )


if __name__ == "__main__":
    main()
