"""Answer like the examples of several tasks, or of one while something else is not forgotten, measured all along."""

from collections.abc import Sequence
from typing import Any

from transformers import TrainerCallback

from engine.recipes.parts.adapter.lora import adapt
from engine.recipes.parts.asked import first_prompts
from engine.recipes.parts.before_after import before_and_after
from engine.recipes.parts.begin import begin
from engine.recipes.parts.keep.rows import Keep
from engine.recipes.parts.language_model.plain import load_model
from engine.recipes.parts.method_check import check_method
from engine.recipes.parts.mixture.single import mixed, read_tasks
from engine.recipes.parts.model_task.causal import kind_of_model, task_type
from engine.recipes.parts.results import report
from engine.recipes.parts.tokenizer import load_tokenizer
from engine.recipes.parts.tokens.chat import tokenize
from engine.recipes.parts.trainer.causal import make_trainer


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Train, measure before and after, save the best model, and return the results."""
    begin()
    check_method(task_type())
    tokenizer = load_tokenizer()
    rows = read_tasks()
    train, shares = mixed({name: tokenize(train, tokenizer) for name, (train, _) in rows.items()})
    tests = {name: tokenize(test, tokenizer) for name, (_, test) in rows.items()}
    keep = Keep(tokenizer)
    asked = first_prompts([test for _, test in rows.values()], tokenizer)
    model = adapt(load_model(), task_type())
    trainer = make_trainer(model, tokenizer, *keep.joined(model, train, tests), callbacks)
    trainer.shares, trainer.held = shares, keep.held
    found = before_and_after(trainer, tokenizer, asked, callbacks)
    return report(
        {
            "goal": "sft",
            **kind_of_model(),
            **found,
            "train_rows": sum(len(train) for train, _ in rows.values()),
            "test_rows": sum(len(test) for _, test in rows.values()),
        }
    )


if __name__ == "__main__":
    main()
