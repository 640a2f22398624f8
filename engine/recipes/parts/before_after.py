"""A training between two measurements: the untouched model's, and the best checkpoint's."""

from collections.abc import Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase, Trainer, TrainerCallback

from engine.recipes.parts.adapter.lora import saved_weights
from engine.recipes.parts.evaluation.best_checkpoint import check_best_loaded, measured_best
from engine.recipes.parts.evaluation.prompt_learning.no import learns_prompt
from engine.recipes.parts.evaluation.test_sets.one import measures
from engine.recipes.parts.output import output
from engine.recipes.parts.results import compare, measured_once
from engine.recipes.parts.samples import answers
from engine.recipes.parts.training.resume.trainer import train_from_checkpoint


def before_and_after(
    trainer: Trainer,
    tokenizer: PreTrainedTokenizerBase,
    asked: list[tuple[str, list[int]]],
    callbacks: Sequence[TrainerCallback],
) -> dict[str, Any]:
    """Measure, train, measure the best and save it; return `metrics` and `samples` of both."""
    prompts = [tokens for _, tokens in asked]
    whole = trainer.model
    if learns_prompt():  # the vectors are not learned yet, and would be in the way
        trainer.model = whole.get_base_model()
    before = measured_once("baseline.json", trainer.evaluate)
    base = measured_once("base_answers.json", lambda: answers(trainer.model, tokenizer, prompts))
    if learns_prompt():
        trainer.model = whole
    train_from_checkpoint(trainer)
    check_best_loaded(trainer.state.best_model_checkpoint, saved_weights(trainer.model))
    after = measured_best(trainer)
    tuned = answers(trainer.model, tokenizer, prompts)
    trainer.save_model(str(output() / "model"))
    spoken = zip([text for text, _ in asked], base, tuned, strict=True)
    return {
        "metrics": compare(before, after, measures(trainer.eval_dataset)),
        "samples": [dict(zip(("prompt", "base", "tuned"), texts, strict=True)) for texts in spoken],
    }
