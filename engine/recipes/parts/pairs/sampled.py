"""Pairs out of prompts alone: the model answers several times, and a reward tells its best from its worst answer.

One round of iterative DPO (Yuan et al. 2024, arXiv:2401.10020): the next one begins from the result of this one.
"""

from typing import Any

from datasets import Dataset

from engine.recipes.parts.pairing import preferences
from engine.recipes.parts.questions import Question, read_questions
from engine.recipes.parts.results import measured_once
from engine.recipes.parts.reward.model import check_reward, load_reward
from engine.recipes.parts.sampling import own_answers
from engine.recipes.parts.tokenizer import load_tokenizer

TRIES: int = 4  # answers that the model writes to a prompt, of which the best and the worst become a pair


def pairs_of(row: dict[str, Any]) -> list[list[Any]]:
    """Return the best and the worst answer of a row; none where the reward finds no difference."""
    ranked = sorted(zip(row["rewards"], row["answers"], strict=True), key=lambda paid: paid[0])
    (least, worst), (most, best) = ranked[0], ranked[-1]
    told = [[{"role": "assistant", "content": text}] for text in (best, worst)]
    return [[row["prompt"], *told]] if least < most else []


def judged_rows(asked: list[Question], answers: list[list[str]]) -> list[dict[str, Any]]:
    """Return prompt, answers and their rewards, a row per question."""
    every = [(one, text) for one, texts in zip(asked, answers, strict=True) for text in texts]
    paid = load_reward()([one for one, _ in every], [text for _, text in every])
    return [
        {"prompt": one.turns, "answers": texts, "rewards": paid[place * TRIES : (place + 1) * TRIES]}
        for place, (one, texts) in enumerate(zip(asked, answers, strict=True))
    ]


def read_pairs() -> tuple[Dataset, Dataset]:
    """Return the pairs to train on and those to test with; answers and rewards are written once and kept."""
    tokenizer = load_tokenizer()
    train, test = read_questions(tokenizer)
    check_reward(train)
    asked = [*train, *test]
    answers = own_answers([one.turns for one in asked], TRIES, tokenizer)
    rows = measured_once("own_rewards.json", lambda: judged_rows(asked, answers))
    parts = rows[: len(train)], rows[len(train) :]
    return preferences(Dataset.from_list(parts[0]), pairs_of), preferences(Dataset.from_list(parts[1]), pairs_of)
