"""What a reward model begins with."""

from engine.draft import Draft, Facts
from engine.objectives.sft import chat


def fill(draft: Draft, facts: Facts) -> None:
    """Fill in how rows become pairs, and what is learned from a comparison."""
    draft.put("data.ranked_pairs", "all", "ranked_pairs")
    draft.put("objective.center", 0.0, "center")
    chat(draft, facts)
    draft.put("objective.samples", 3, "samples_reward")
    if draft.get("method.dropout") is not None:
        draft.replace("method.dropout", 0.0, "dropout_reward")
