"""What the imitation of answers begins with."""

from engine.draft import Draft, Facts


def fill(draft: Draft, facts: Facts) -> None:
    """Fill in what is learned from a row, how it is written, and what is sampled."""
    draft.put("data.template", "{instruction}\n\n{input}", "template")
    draft.put("data.keep", "", "keep_none")
    text = "text" in draft.get("data.columns", {})
    draft.put("objective.loss_on", "all" if text else "answer", "loss_on_all" if text else "loss_on_answer")
    chat(draft, facts)
    samples(draft)
    draft.put("training.packing", False, "packing_off")
    draft.put("retention.kind", "none", "retention_none")


def chat(draft: Draft, facts: Facts) -> None:
    """Fill in the chat template: the model's own, or the plain one."""
    own = facts.model.chat_template if facts.model else None
    reason = "template_unknown" if own is None else "template_own" if own else "template_plain"
    draft.put("objective.chat_template", "own" if own else "plain", reason)


def samples(draft: Draft) -> None:
    """Fill in how many answers are compared by eye, and how long they may be."""
    draft.put("objective.samples", 3, "samples")
    draft.put("objective.max_new_tokens", 64, "max_new_tokens")
