"""Prefer the better of two answers: DPO (Rafailov et al. 2023, arXiv:2305.18290), ORPO, CPO, SimPO, KTO and others."""

from collections.abc import Sequence
from typing import Any

from peft import TaskType
from transformers import TrainerCallback

from engine.recipes.parts.adapter.lora import adapt
from engine.recipes.parts.begin import begin
from engine.recipes.parts.conversation import set_template
from engine.recipes.parts.first_asked import first_asked
from engine.recipes.parts.language_model.plain import load_model
from engine.recipes.parts.method_check import check_method
from engine.recipes.parts.noise import without_noise
from engine.recipes.parts.preference.rows.pairs import read_preferences, tokenize
from engine.recipes.parts.preference.trainer.dpo import make_trainer
from engine.recipes.parts.preferring import prefer
from engine.recipes.parts.tokenizer import load_tokenizer


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Train, measure before and after, save the best model, and return the results."""
    begin()
    check_method(TaskType.CAUSAL_LM)
    tokenizer = load_tokenizer()
    set_template(tokenizer)
    train, test = read_preferences()
    rows = tokenize(train, tokenizer), tokenize(test, tokenizer)
    model = adapt(without_noise(load_model()), TaskType.CAUSAL_LM)
    trainer = make_trainer(model, tokenizer, rows, callbacks)
    return prefer(trainer, tokenizer, first_asked(test, tokenizer), callbacks)


if __name__ == "__main__":
    main()
