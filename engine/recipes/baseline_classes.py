"""How well the untouched language model tells classes: the likeliest class name as an answer; nothing is trained."""

from collections.abc import Sequence
from typing import Any

import torch
from datasets import Dataset
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback

from engine.recipes.parts.begin import begin
from engine.recipes.parts.class_question import asked, prompt_and_answers, solved
from engine.recipes.parts.class_samples import class_samples
from engine.recipes.parts.classes import numbered
from engine.recipes.parts.confusion import confusion, tables
from engine.recipes.parts.conversation import set_template
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.language_model.plain import load_model
from engine.recipes.parts.likelihood import log_likelihoods
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.shots import SHOTS, examples
from engine.recipes.parts.tokenizer import load_tokenizer
from engine.recipes.parts.untrained import report, side_by_side, tell


def scores(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Dataset,
    names: list[str],
    shown: list[dict[str, str]],
) -> torch.Tensor:
    """Return the log-likelihood of each class name for each row (rows, classes), after the examples that are shown."""
    found = []
    for row in tqdm(rows, desc="asking", unit="row"):
        prompt, answers = prompt_and_answers([*shown, asked(row, names)], names, tokenizer)
        found.append(log_likelihoods(model, prompt, answers))
    return torch.tensor(found, dtype=torch.float64)


def judged_by(found: torch.Tensor, rows: Dataset) -> dict[str, Any]:
    """Return the measures of a classifier: its loss is that of the classes' likelihoods, which sum to one."""
    truth = torch.tensor(rows["label"])
    loss = torch.nn.functional.cross_entropy(found, truth)
    return {**confusion(rows["label"], found.argmax(1).tolist(), found.shape[1]), "eval_loss": float(loss)}


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Ask about every test row, without and with examples, and return the results."""
    begin()
    tokenizer = load_tokenizer()
    set_template(tokenizer)
    names, train, test = numbered(*read_rows("label"))
    shown = [turn for row in examples(train, train["label"]) for turn in solved(row, names)]
    model = load_model().to(DEVICE).eval()
    higher = {"accuracy": True, "macro_f1": True, "eval_loss": False}
    found = []
    for shots, turns in ((0, []), (SHOTS, shown))[: 2 if SHOTS else 1]:
        found.append(scores(model, tokenizer, test, names, turns))
        tell({name: judged_by(found[-1], test)[name] for name in higher}, shots, callbacks)
    judged = [judged_by(one, test) for one in found]
    said = [one.argmax(1).tolist() for one in found]
    base, tuned = judged[0], judged[1] if SHOTS else None
    return report(
        {
            "metrics": side_by_side(base, tuned, higher),
            "confusion": tables(base, tuned, names),
            "samples": class_samples(test, said[0], said[1] if SHOTS else None, names),
            "train_rows": SHOTS,
            "test_rows": len(test),
        },
    )


if __name__ == "__main__":
    main()
