"""Distillation from the first measurement to the saved model, whatever is learned from the teacher."""

from collections.abc import Callable, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase, Trainer, TrainerCallback

from engine.recipes.parts.adapter.full import saved_weights
from engine.recipes.parts.evaluation.best_checkpoint import check_best_loaded, measured_best
from engine.recipes.parts.output import output
from engine.recipes.parts.results import compare, measured_once, report
from engine.recipes.parts.samples import answers
from engine.recipes.parts.teacher import TEACHER
from engine.recipes.parts.training.resume.trainer import train_from_checkpoint


def imitate(
    trainer: Trainer,
    tokenizer: PreTrainedTokenizerBase,
    asked: list[tuple[str, list[int]]],
    shown: Callable[[], list[str]],
    callbacks: Sequence[TrainerCallback],
) -> dict[str, Any]:
    """Measure, train, measure again, save the best model; `shown` gives the teacher's own answers."""
    prompts = [tokens for _, tokens in asked]
    before = measured_once("baseline.json", trainer.evaluate)
    base = measured_once("base_answers.json", lambda: answers(trainer.model, tokenizer, prompts))
    teacher = measured_once("teacher_answers.json", shown)
    train_from_checkpoint(trainer)
    check_best_loaded(trainer.state.best_model_checkpoint, saved_weights(trainer.model))
    after = measured_best(trainer)
    spoken = zip([text for text, _ in asked], base, answers(trainer.model, tokenizer, prompts), teacher, strict=True)
    trainer.save_model(str(output() / "model"))
    names = [name for name in ("eval_kl", "eval_loss", "eval_perplexity") if name in before]
    return report(
        {
            "goal": "distill",
            "metrics": compare(before, after, dict.fromkeys(names, False)),
            "teacher": {"name": TEACHER, "loss": before.get("eval_teacher_loss")},
            "samples": [dict(zip(("prompt", "base", "tuned", "teacher"), texts, strict=True)) for texts in spoken],
            "train_rows": len(trainer.train_dataset),
            "test_rows": len(trainer.eval_dataset),
        }
    )
