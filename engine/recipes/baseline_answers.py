"""How well the untouched model answers: loss and exact match, without examples and with some; nothing is trained."""

from collections.abc import Sequence
from typing import Any

from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback

from engine.recipes.parts.asking.causal import learnable, new_examiner, prompt, ready
from engine.recipes.parts.batched_answers import batched_answers
from engine.recipes.parts.begin import begin
from engine.recipes.parts.chat.tools.none import tools_of
from engine.recipes.parts.evaluation.test_sets.one import measures
from engine.recipes.parts.is_answer import is_answer
from engine.recipes.parts.language_model.plain import load_model
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.shots import SHOTS, examples
from engine.recipes.parts.tokenizer import load_tokenizer
from engine.recipes.parts.turns.prompt_completion import messages
from engine.recipes.parts.untrained import report, side_by_side, tell

SAMPLES: int = 3  # how many answers are shown, to judge by eye


def with_examples(turns: list[dict[str, Any]], shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the turns with solved examples before the first question, after what the system says."""
    opening = 1 if turns[0]["role"] == "system" else 0
    return [*turns[:opening], *shown, *turns[opening:]]


def last_answer(turns: list[dict[str, Any]]) -> int:
    """Return the place of the last turn of the assistant."""
    return max(place for place, turn in enumerate(turns) if is_answer(turn))


def measure(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, rows: Dataset, shown: list[dict[str, Any]]
) -> tuple[dict[str, float], list[str]]:
    """Return loss and perplexity of all answers, the share of last answers met exactly, and what was answered."""
    known = [(messages(row), tools_of(row)) for row in rows]
    told, asked, expected = [], [], []
    for turns, tools in known:
        for place, turn in enumerate(turns):
            if is_answer(turn):
                told.append(learnable(with_examples(turns[:place], shown), turn, tools, tokenizer))
        last = last_answer(turns)
        asked.append(prompt(with_examples(turns[:last], shown), tools, tokenizer))
        expected.append(str(turns[last].get("content") or "").strip())
    metrics = new_examiner(model, tokenizer, Dataset.from_list(told)).evaluate()
    said = batched_answers(model, tokenizer, asked)
    met = sum(one == other for one, other in zip(said, expected, strict=True)) / len(expected)
    return {**metrics, "eval_exact_match": met}, said


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Ask every test question, without and with examples, and return the results."""
    begin()
    tokenizer = load_tokenizer()
    ready(tokenizer)
    train, test = read_rows()
    if not len(test):
        raise ValueError("there is no test row to ask: raise data.test_fraction, or give data.test")
    shown = [turn for row in examples(train) for turn in messages(row) if turn["role"] != "system"]
    model = load_model()
    higher = {**measures(test), "eval_exact_match": True}
    found = []
    for shots, turns in ((0, []), (SHOTS, shown))[: 2 if SHOTS else 1]:
        found.append(measure(model, tokenizer, test, turns))
        tell({measure: found[-1][0][measure] for measure in higher}, shots, callbacks)
    (base, first), (tuned, last) = found[0], found[1] if SHOTS else (None, [None] * len(test))
    questions = [str(messages(row)[last_answer(messages(row)) - 1]["content"]) for row in test]
    spoken = list(zip(questions, first, last, strict=True))[:SAMPLES]
    return report(
        {
            "metrics": side_by_side(base, tuned, higher),
            "samples": [dict(zip(("prompt", "base", "tuned"), texts, strict=True)) for texts in spoken],
            "train_rows": SHOTS,
            "test_rows": len(test),
        },
    )


if __name__ == "__main__":
    main()
