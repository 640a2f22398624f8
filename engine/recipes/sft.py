"""Answer like the examples: supervised fine-tuning of a language model, measured before and after."""

from collections.abc import Sequence
from typing import Any

from transformers import TrainerCallback

from engine.recipes.parts.adapter.lora import adapt
from engine.recipes.parts.before_after import before_and_after
from engine.recipes.parts.begin import begin
from engine.recipes.parts.language_model.plain import load_model
from engine.recipes.parts.method_check import check_method
from engine.recipes.parts.model_task.causal import kind_of_model, task_type
from engine.recipes.parts.results import report
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.samples import SAMPLES
from engine.recipes.parts.tokenizer import load_tokenizer
from engine.recipes.parts.tokens.chat import prompts, tokenize
from engine.recipes.parts.trainer.causal import make_trainer


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Train, measure before and after, save the best model, and return the results."""
    begin()
    check_method(task_type())
    tokenizer = load_tokenizer()
    train_rows, test_rows = read_rows()
    train, test = tokenize(train_rows, tokenizer), tokenize(test_rows, tokenizer)
    asked = prompts(test_rows, tokenizer, SAMPLES)
    trainer = make_trainer(adapt(load_model(), task_type()), tokenizer, train, test, callbacks)
    found = before_and_after(trainer, tokenizer, asked, callbacks)
    return report(
        {
            "goal": "sft",
            **kind_of_model(),
            **found,
            "train_rows": len(train_rows),
            "test_rows": len(test_rows),
        }
    )


if __name__ == "__main__":
    main()
