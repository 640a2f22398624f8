"""Answer like the examples: supervised fine-tuning of a causal language model, measured before and after."""

import math
import time
from collections.abc import Sequence
from typing import Any

from datasets import Dataset
from peft import PeftModel, TaskType
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from trl import SFTConfig, SFTTrainer

from engine.recipes.parts.adapter.lora import adapt, saved_weights
from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.begin import begin
from engine.recipes.parts.checkpoints import check_best_loaded, measured_best, newest_checkpoint
from engine.recipes.parts.language_model.plain import load_model
from engine.recipes.parts.output import output
from engine.recipes.parts.phases import phase
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.results import compare, facts, measured_once, report
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.samples import SAMPLES, answers
from engine.recipes.parts.tokenizer import load_tokenizer
from engine.recipes.parts.tokens.chat import prompts, tokenize

PACKING: bool = False  # put several short rows into one sequence; needs flash attention to keep them apart


def with_perplexity(metrics: dict[str, float]) -> dict[str, float]:
    """Return the metrics with e to the power of the loss beside the loss; both are per learned token."""
    return {**metrics, "eval_perplexity": math.exp(min(metrics["eval_loss"], 700.0))}


class Perplexity(TrainerCallback):
    """Adds the perplexity to every evaluation."""

    def on_evaluate(self, *_: Any, metrics: dict[str, float], **__: Any) -> None:
        """Put the perplexity beside the loss."""
        metrics.update(with_perplexity(metrics))


def make_trainer(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: tuple[Dataset, Dataset],
    callbacks: Sequence[TrainerCallback],
) -> SFTTrainer:
    """Return the trainer; the weights keep the types that they were loaded with."""
    stored = {name: parameter.dtype for name, parameter in model.named_parameters()}
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            **arguments(),
            max_length=MAX_LENGTH,
            packing=PACKING,
            eval_packing=False,
            metric_for_best_model="eval_loss",
            greater_is_better=False,
        ),
        train_dataset=rows[0],
        eval_dataset=rows[1],
        processing_class=tokenizer,
        callbacks=[Perplexity(), *callbacks],
    )
    for name, parameter in trainer.model.named_parameters():
        parameter.data = parameter.data.to(stored[name])
    return trainer


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Train, measure before and after, save the best model, and return the results."""
    started = time.time()
    begin()
    phase("data", callbacks)
    tokenizer = load_tokenizer()
    train, test = read_rows()
    rows = tokenize(train, tokenizer), tokenize(test, tokenizer)
    asked = prompts(test, tokenizer, SAMPLES)
    phase("model", callbacks)
    model = adapt(load_model(), TaskType.CAUSAL_LM)
    trainer = make_trainer(model, tokenizer, rows, callbacks)
    phase("baseline", callbacks)
    before = measured_once("baseline.json", trainer.evaluate)
    base = measured_once("base_answers.json", lambda: answers(trainer.model, tokenizer, [ids for _, ids in asked]))
    phase("training", callbacks)
    trainer.train(resume_from_checkpoint=newest_checkpoint())
    check_best_loaded(trainer.state.best_model_checkpoint, saved_weights(trainer.model))
    phase("evaluating", callbacks)
    after = with_perplexity(measured_best(trainer))
    tuned = answers(trainer.model, tokenizer, [ids for _, ids in asked])
    phase("saving", callbacks)
    trainer.save_model(str(output() / "model"))
    spoken = zip([prompt for prompt, _ in asked], base, tuned, strict=True)
    return report(
        {
            "goal": "sft",
            "metrics": compare(before, after, {"eval_loss": False, "eval_perplexity": False}),
            "samples": [dict(zip(("prompt", "base", "tuned"), texts, strict=True)) for texts in spoken],
            "train_rows": len(train),
            "test_rows": len(test),
            **facts(trainer, trainer.model, started),
        }
    )


if __name__ == "__main__":
    main()
