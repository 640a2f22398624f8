"""Whether the method goes with the model, before any weights are loaded: names and shapes are enough to tell."""

from typing import Any

import torch
from peft import TaskType
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
)

from engine.recipes.parts.adapter.lora import adapt
from engine.recipes.parts.base import REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.weights.whole import base_model


def check_method(task: TaskType) -> None:
    """Put the method into the model without its weights; what does not fit raises a ValueError."""
    kind: Any = {
        TaskType.CAUSAL_LM: AutoModelForCausalLM,
        TaskType.SEQ_2_SEQ_LM: AutoModelForSeq2SeqLM,
        TaskType.SEQ_CLS: AutoModelForSequenceClassification,
    }[task]
    config = AutoConfig.from_pretrained(base_model(), revision=REVISION, trust_remote_code=TRUST_REMOTE_CODE)
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        adapt(kind.from_config(config, trust_remote_code=TRUST_REMOTE_CODE), task)
