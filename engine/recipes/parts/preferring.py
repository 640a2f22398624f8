"""Preference tuning from the first measurement to the saved model, whatever the loss is."""

from collections.abc import Sequence
from typing import Any

from torch import nn
from transformers import PreTrainedTokenizerBase, Trainer, TrainerCallback

from engine.recipes.parts.adapter.lora import saved_weights
from engine.recipes.parts.checkpoints import check_best_loaded, measured_best, newest_checkpoint
from engine.recipes.parts.output import output
from engine.recipes.parts.phases import phase
from engine.recipes.parts.results import compare, facts, measured_once, report
from engine.recipes.parts.samples import answers


def keep_types(trainer: Trainer, stored: dict[str, Any]) -> None:
    """Give the weights back their types: the trainers turn the adapters of packed models to bf16."""
    for name, parameter in trainer.model.named_parameters():
        parameter.data = parameter.data.to(stored[name])


def stored_types(model: nn.Module) -> dict[str, Any]:
    """Return the type of every weight; dropout rests until the training begins."""
    model.eval()
    return {name: parameter.dtype for name, parameter in model.named_parameters()}


def without_noise(model: nn.Module) -> nn.Module:
    """Return the model without its own dropout, whose noise would be taken for a distance; an adapter's comes later."""
    for layer in model.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    return model


def prefer(
    trainer: Trainer,
    tokenizer: PreTrainedTokenizerBase,
    asked: list[tuple[str, list[int]]],
    callbacks: Sequence[TrainerCallback],
    started: float,
) -> dict[str, Any]:
    """Measure, train, measure again, save the best model, and return the results."""
    prompts = [tokens for _, tokens in asked]
    phase("baseline", callbacks)
    before = measured_once("baseline.json", trainer.evaluate)
    base = measured_once("base_answers.json", lambda: answers(trainer.model, tokenizer, prompts))
    phase("training", callbacks)
    trainer.train(resume_from_checkpoint=newest_checkpoint())
    check_best_loaded(trainer.state.best_model_checkpoint, saved_weights(trainer.model))
    phase("evaluating", callbacks)
    after = measured_best(trainer)
    tuned = answers(trainer.model, tokenizer, prompts)
    phase("saving", callbacks)
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
            **facts(trainer, trainer.model, started),
        }
    )
