"""What the imitation of answers begins with."""

from typing import Any

from engine.document import put
from engine.draft import Draft, Facts
from engine.objectives.keeping import keep

OVERFLOWING = frozenset({"t5", "mt5", "umt5", "longt5"})
"""Families that were trained in bf16 and overflow in fp16 (transformers#9295)."""


def fill(draft: Draft, facts: Facts) -> None:
    """Fill in what is learned from a row, how it is written, and what is sampled."""
    tasks(draft, facts)
    draft.put("data.template", "{instruction}\n\n{input}", "template")
    keep(draft)
    text = "text" in draft.get("data.columns", {})
    if draft.get("model.kind") == "seq2seq":
        pairs(draft, facts)
    draft.put("objective.loss_on", "all" if text else "answer", "loss_on_all" if text else "loss_on_answer")
    chat(draft, facts)
    thinks = facts.data is not None and facts.data.thinking
    draft.put("objective.thinking", "keep" if thinks else "as_is", "thinking_kept" if thinks else "thinking_none")
    samples(draft)
    draft.put("training.packing", False, "packing_off")


def tasks(draft: Draft, facts: Facts) -> None:
    """Give every task the columns that its rows suit, unless the person has said them."""
    given = draft.get("data.train")
    looks = facts.data.parts if facts.data else ()
    if isinstance(given, str) or len(looks) != len(given):
        return
    filled: list[dict[str, Any]] = []
    for task, look in zip(given, looks, strict=True):
        columns = next((suit.columns for suit in look.suits if suit.goal == "sft"), {})
        filled.append({**task, "columns": task.get("columns") or dict(columns)})
    draft.values = put(draft.values, "data.train", filled)  # the tasks stay the person's; only their gaps are filled


def pairs(draft: Draft, facts: Facts) -> None:
    """Fill in what is different where an encoder reads the prompt and a decoder writes the answer."""
    draft.put("objective.loss_on", "answer", "loss_on_pairs")
    draft.put("objective.chat_template", "plain", "template_pairs")
    draft.put("training.packing", False, "packing_pairs")
    rates = draft.rules["learning_rate_seq2seq"]
    draft.put("training.learning_rate", rates[draft.kind], "rate_seq2seq")
    family = facts.model.architecture if facts.model else ""
    if family in OVERFLOWING and draft.get("training.precision") == "fp16":
        draft.replace("training.precision", "fp32", "fp32_overflow", family=family)
        draft.replace("model.dtype", "fp32", "fp32_overflow", family=family)


def chat(draft: Draft, facts: Facts) -> None:
    """Fill in the chat template: the model's own, or the plain one."""
    own = facts.model.chat_template if facts.model else None
    reason = "template_unknown" if own is None else "template_own" if own else "template_plain"
    draft.put("objective.chat_template", "own" if own else "plain", reason)


def samples(draft: Draft) -> None:
    """Fill in how many answers are compared by eye, and how long they may be."""
    draft.put("objective.samples", 3, "samples")
    draft.put("objective.max_new_tokens", 64, "max_new_tokens")
