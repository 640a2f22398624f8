"""Earn a reward: reinforcement learning of a causal language model, measured before and after."""

from collections.abc import Sequence
from typing import Any

from peft import TaskType
from transformers import TrainerCallback

from engine.recipes.parts.adapter.lora import adapt, saved_weights
from engine.recipes.parts.begin import begin
from engine.recipes.parts.evaluation.best_checkpoint import check_best_loaded, measured_best
from engine.recipes.parts.language_model.plain import load_model
from engine.recipes.parts.learner.grpo import make_learner
from engine.recipes.parts.method_check import check_method
from engine.recipes.parts.noise import without_noise
from engine.recipes.parts.output import output
from engine.recipes.parts.questions import read_questions
from engine.recipes.parts.results import compare, measured_once, report
from engine.recipes.parts.reward.function import check_reward, load_reward
from engine.recipes.parts.samples import SAMPLES, answers
from engine.recipes.parts.tokenizer import load_tokenizer
from engine.recipes.parts.training.resume.trainer import train_from_checkpoint


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Train, measure before and after, save the best model, and return the results."""
    begin()
    check_method(TaskType.CAUSAL_LM)
    tokenizer = load_tokenizer()
    train, test = read_questions(tokenizer)
    check_reward(train)
    shown = test[:SAMPLES]
    model = adapt(without_noise(load_model()), TaskType.CAUSAL_LM)
    trainer = make_learner(model, tokenizer, (train, test), load_reward(), callbacks)
    before = measured_once("baseline.json", trainer.evaluate)
    prompts = [one.tokens for one in shown]
    base = measured_once("base_answers.json", lambda: answers(trainer.model, tokenizer, prompts))
    train_from_checkpoint(trainer)
    check_best_loaded(trainer.state.best_model_checkpoint, saved_weights(trainer.model))
    after = measured_best(trainer)
    tuned = answers(trainer.model, tokenizer, prompts)
    trainer.save_model(str(output() / "model"))
    spoken = zip([one.text for one in shown], base, tuned, strict=True)
    higher = {"eval_reward": True, "eval_kl": False, "eval_length": False}
    return report(
        {
            "goal": "reinforce",
            "metrics": compare(before, after, {name: is_better for name, is_better in higher.items() if name in after}),
            "samples": [dict(zip(("prompt", "base", "tuned"), texts, strict=True)) for texts in spoken],
            "train_rows": len(train),
            "test_rows": len(test),
        }
    )


if __name__ == "__main__":
    main()
