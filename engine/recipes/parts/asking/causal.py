"""Questions to a model that continues texts."""

import re
from typing import Any

import torch
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer
from trl import SFTConfig

from engine.recipes.parts.chat.mask_prompt import build_example
from engine.recipes.parts.conversation import CHAT_TEMPLATE, render, set_template
from engine.recipes.parts.evaluation.test_sets.one import PerplexityTrainer
from engine.recipes.parts.loss_kernel.chunked import kernel_arguments
from engine.recipes.parts.reading import MAX_LENGTH
from engine.recipes.parts.untrained import asking


def ready(tokenizer: PreTrainedTokenizerBase) -> None:
    """Give the tokenizer its chat template, and put padding where generation does not begin."""
    set_template(tokenizer)
    tokenizer.padding_side = "left"


def prompt(turns: list[dict[str, Any]], tools: Any, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return the tokens of what was said before an answer; what is too long loses its beginning."""
    return render(turns, tools, tokenizer, ask=True)[-MAX_LENGTH:]


def learnable(
    turns: list[dict[str, Any]], answer: dict[str, Any], tools: Any, tokenizer: PreTrainedTokenizerBase
) -> dict[str, list[int]]:
    """Return `input_ids` and `labels` of one answer, as a training would have them."""
    asked = render(turns, tools, tokenizer, ask=True)
    whole = render([*turns, answer], tools, tokenizer, ask=False)
    found = build_example(asked, whole, tokenizer.eos_token_id)
    return {name: found[name] for name in ("input_ids", "labels")}


def new_examiner(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, rows: Dataset) -> Trainer:
    """Return what measures the loss of the rows; it is given them to train on as well, which nobody asks it to."""
    args = SFTConfig(**asking(), **kernel_arguments(), max_length=MAX_LENGTH)
    return PerplexityTrainer(model=model, args=args, train_dataset=rows, eval_dataset=rows, processing_class=tokenizer)


def answer_in(whole: torch.Tensor, asked: torch.Tensor, tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """Return the answers in what was generated, which begins with the prompts.

    A model that the plain template is new to does not end its turn but writes the next one: the answer ends there.
    """
    said: list[str] = tokenizer.batch_decode(whole[:, asked.shape[1] :], skip_special_tokens=True)
    turn = r"\n+### (?:User|Assistant|System):" if CHAT_TEMPLATE == "plain" else r"\Z"
    return [re.split(turn, text)[0].strip() for text in said]
