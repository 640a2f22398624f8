"""Learn a domain from its texts: task-adaptive pre-training of a causal language model, measured before and after."""

from collections.abc import Sequence
from typing import Any

from peft import TaskType
from transformers import TrainerCallback

from engine.recipes.parts.adapter.lora import adapt
from engine.recipes.parts.before_after import before_and_after
from engine.recipes.parts.begin import begin
from engine.recipes.parts.language_model.plain import load_model
from engine.recipes.parts.method_check import check_method
from engine.recipes.parts.model_card import offer_as_base
from engine.recipes.parts.output import output
from engine.recipes.parts.results import report
from engine.recipes.parts.samples import SAMPLES
from engine.recipes.parts.texts import read_texts
from engine.recipes.parts.tokenizer import load_tokenizer
from engine.recipes.parts.tokens.packed import prompts, tokenize
from engine.recipes.parts.trainer.causal import make_trainer


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Train, measure before and after, save the best model, and return the results."""
    begin()
    check_method(TaskType.CAUSAL_LM)
    tokenizer = load_tokenizer()
    texts, held_out = read_texts()
    train, test = tokenize(texts, tokenizer), tokenize(held_out, tokenizer)
    asked = prompts(held_out, tokenizer, SAMPLES)
    trainer = make_trainer(adapt(load_model(), TaskType.CAUSAL_LM), tokenizer, train, test, callbacks)
    found = before_and_after(trainer, tokenizer, asked, callbacks)
    results = report(
        {
            "goal": "pretrain",
            **found,
            "train_rows": len(train),
            "test_rows": len(test),
            "texts": {"train": len(texts), "test": len(held_out)},
            "next": {"goal": "sft", "from": str(output().parent)},
        }
    )
    offer_as_base()
    return results


if __name__ == "__main__":
    main()
