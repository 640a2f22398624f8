"""Preference tuning from the first measurement to the saved model, whatever the loss is."""

from collections.abc import Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase, Trainer, TrainerCallback

from engine.recipes.parts.adapter.lora import saved_weights
from engine.recipes.parts.evaluation.best_checkpoint import check_best_loaded, measured_best
from engine.recipes.parts.output import output
from engine.recipes.parts.results import compare, measured_once, report
from engine.recipes.parts.samples import answers
from engine.recipes.parts.training.resume.trainer import train_from_checkpoint


def prefer(
    trainer: Trainer,
    tokenizer: PreTrainedTokenizerBase,
    asked: list[tuple[str, list[int]]],
    callbacks: Sequence[TrainerCallback],
) -> dict[str, Any]:
    """Measure, train, measure again, save the best model, and return the results."""
    prompts = [tokens for _, tokens in asked]
    before = measured_once("baseline.json", trainer.evaluate)
    base = measured_once("base_answers.json", lambda: answers(trainer.model, tokenizer, prompts))
    train_from_checkpoint(trainer)
    check_best_loaded(trainer.state.best_model_checkpoint, saved_weights(trainer.model))
    after = measured_best(trainer)
    tuned = answers(trainer.model, tokenizer, prompts)
    trainer.save_model(str(output() / "model"))
    spoken = zip([text for text, _ in asked], base, tuned, strict=True)
    rewards = {"accuracies": True, "margins": True, "chosen": True, "rejected": False}
    higher = {"eval_loss": False} | {f"eval_rewards/{name}": better for name, better in rewards.items()}
    return report(
        {
            "goal": "prefer",
            "metrics": compare(before, after, {name: higher[name] for name in higher if name in before}),
            "samples": [dict(zip(("prompt", "base", "tuned"), texts, strict=True)) for texts in spoken],
            "train_rows": len(trainer.train_dataset),
            "test_rows": len(trainer.eval_dataset),
        }
    )
