"""A reward model as the reward: it reads prompt and answer, and gives one number."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import AutoPeftModelForSequenceClassification
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from engine.recipes.parts.base import TRUST_REMOTE_CODE
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.questions import Question
from engine.recipes.parts.reading import BATCH, MAX_LENGTH, PRECISION

REWARD: dict[str, str] = {"model": "reward-model"}  # folder of a reward model or of its adapter, or a hub id


def is_adapter() -> bool:
    """Return whether the folder holds an adapter and not a whole model."""
    return (Path(REWARD["model"]) / "adapter_config.json").is_file()


def check_reward(asked: Sequence[Question]) -> None:
    """Refuse what is no reward model, before any weights are loaded."""
    name, folder = REWARD["model"], Path(REWARD["model"])
    if is_adapter():
        task = json.loads((folder / "adapter_config.json").read_text()).get("task_type")
        what = "" if task == "SEQ_CLS" else f"it is an adapter for {task}"
    else:
        if folder.is_absolute() and not (folder / "config.json").is_file():
            raise ValueError(f"there is no model in {name}: give the folder of a reward model in objective.reward")
        config = AutoConfig.from_pretrained(name, trust_remote_code=TRUST_REMOTE_CODE)
        kinds = config.architectures or ["unknown"]
        gives_one = config.num_labels == 1 and all("Classification" in kind for kind in kinds)
        what = "" if gives_one else f"it is a {kinds[0]} with {config.num_labels} outputs"
    if what:
        raise ValueError(
            f"{name} gives no single number ({what}), so it can't pay {len(asked)} prompts: train one with the goal "
            "reward, and name its folder in objective.reward"
        )


def load_reward() -> Callable[[Sequence[Question], Sequence[str]], list[float]]:
    """Return what pays for answers: a frozen model that reads them as its own chat template writes them."""
    loader = AutoPeftModelForSequenceClassification if is_adapter() else AutoModelForSequenceClassification
    model = loader.from_pretrained(REWARD["model"], num_labels=1, dtype=PRECISION, trust_remote_code=TRUST_REMOTE_CODE)
    model.to(DEVICE).eval().requires_grad_(False)
    tokenizer = AutoTokenizer.from_pretrained(REWARD["model"], trust_remote_code=TRUST_REMOTE_CODE)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side, tokenizer.truncation_side = "right", "left"
    model.config.get_text_config().pad_token_id = tokenizer.pad_token_id

    def written(one: Question, answer: str) -> dict[str, Any]:
        if tokenizer.chat_template is None:
            return dict(tokenizer(one.text, answer, truncation=True, max_length=MAX_LENGTH))
        turns = [*one.turns, {"role": "assistant", "content": answer}]
        return dict(tokenizer.apply_chat_template(turns, truncation=True, max_length=MAX_LENGTH, return_dict=True))

    def paid(asked: Sequence[Question], answers: Sequence[str]) -> list[float]:
        values: list[float] = []
        for start in range(0, len(answers), BATCH):
            pairs = zip(asked[start : start + BATCH], answers[start : start + BATCH], strict=True)
            batch = tokenizer.pad([written(one, answer) for one, answer in pairs], return_tensors="pt")
            with torch.no_grad():
                values += model(**batch.to(DEVICE)).logits[:, 0].float().tolist()
        return values

    return paid
