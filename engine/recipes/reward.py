"""Tell which answer is better: a reward model, one number for a prompt and its answer (Bradley and Terry 1952)."""

from collections.abc import Sequence
from typing import Any

import torch
from datasets import Dataset
from peft import PeftModel, TaskType
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from trl import RewardConfig, RewardTrainer

from engine.recipes.parts.adapter.lora import adapt, saved_weights
from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.begin import begin
from engine.recipes.parts.conversation import set_template
from engine.recipes.parts.evaluation.best_checkpoint import check_best_loaded, measured_best
from engine.recipes.parts.method_check import check_method
from engine.recipes.parts.noise import without_noise
from engine.recipes.parts.output import output
from engine.recipes.parts.pair_tokens import even_batches, pair_tokens
from engine.recipes.parts.pairs.given import read_pairs
from engine.recipes.parts.reading import BATCH
from engine.recipes.parts.results import compare, measured_once, report
from engine.recipes.parts.sequence_classifier.plain import load_classifier
from engine.recipes.parts.tokenizer import load_tokenizer
from engine.recipes.parts.trained_dtype.chosen import store_trained
from engine.recipes.parts.training.resume.trainer import train_from_checkpoint

CENTER: float = 0.0  # pull of the rewards towards a mean of zero; 0.01 is usual where a policy learns from them
SAMPLES: int = 3  # how many test pairs are shown with their rewards before and after


def whole_texts(pairs: Dataset) -> Dataset:
    """Return `chosen_ids` and `rejected_ids` with the prompt in front of each answer."""
    sides = ("chosen_ids", "rejected_ids")
    return pairs.map(
        lambda pair: {side: pair["prompt_ids"] + pair[side] for side in sides}, remove_columns=["prompt_ids"]
    )


def make_trainer(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: tuple[Dataset, Dataset],
    callbacks: Sequence[TrainerCallback],
) -> RewardTrainer:
    """Return the trainer: the better answer shall have the larger number."""
    model.eval()  # dropout rests until the training begins
    test, batch = even_batches(rows[1], BATCH)
    trainer = RewardTrainer(
        model=model,
        args=RewardConfig(
            **arguments() | {"per_device_eval_batch_size": batch},
            center_rewards_coefficient=CENTER or None,
            disable_dropout=False,
            max_length=None,
            metric_for_best_model="eval_loss",
            greater_is_better=False,
        ),
        train_dataset=whole_texts(rows[0]),
        eval_dataset=whole_texts(test),
        processing_class=tokenizer,
        callbacks=list(callbacks),
    )
    store_trained(trainer.model)
    return trainer


def judged(trainer: RewardTrainer) -> list[str]:
    """Return the rewards of the first test pairs in words."""
    model = trainer.model.eval()
    said = []
    for pair in trainer.eval_dataset.select(range(min(SAMPLES, len(trainer.eval_dataset)))):
        with torch.no_grad():
            texts = (torch.tensor([pair[side]], device=model.device) for side in ("chosen_ids", "rejected_ids"))
            better, worse = (float(model(input_ids=text).logits[0, 0]) for text in texts)
        said.append(f"{better:.3f} for the better answer, {worse:.3f} for the worse one")
    return said


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Train, measure before and after, save the best model, and return the results."""
    begin()
    check_method(TaskType.SEQ_CLS)
    tokenizer = load_tokenizer()
    set_template(tokenizer)
    train, test = read_pairs()
    rows = pair_tokens(train, tokenizer), pair_tokens(test, tokenizer)
    model = adapt(without_noise(load_classifier(num_labels=1)), TaskType.SEQ_CLS)
    trainer = make_trainer(model, tokenizer, rows, callbacks)
    before = measured_once("baseline.json", trainer.evaluate)
    base = measured_once("base_rewards.json", lambda: judged(trainer))
    train_from_checkpoint(trainer)
    check_best_loaded(trainer.state.best_model_checkpoint, saved_weights(trainer.model))
    after, tuned = measured_best(trainer), judged(trainer)
    trainer.save_model(str(output() / "model"))
    texts = [tokenizer.decode(ids, skip_special_tokens=True) for ids in rows[1]["prompt_ids"][: len(base)]]
    spoken = zip(texts, base, tuned, strict=True)
    return report(
        {
            "goal": "reward",
            "metrics": compare(before, after, {"eval_loss": False, "eval_accuracy": True, "eval_margin": True}),
            "samples": [dict(zip(("prompt", "base", "tuned"), one, strict=True)) for one in spoken],
            "train_rows": len(trainer.train_dataset),
            "test_rows": len(trainer.eval_dataset),
        }
    )


if __name__ == "__main__":
    main()
