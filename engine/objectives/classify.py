"""What the sorting of texts into classes begins with."""

from engine.draft import Draft, Facts
from engine.objectives.keeping import keep

FEW_PER_CLASS = 16
"""Rows of each class, on average, under which examples alone may do as well."""


def fill(draft: Draft, facts: Facts) -> None:
    """Fill in what counts as right, and what is shown."""
    if draft.kind == "head":
        draft.replace("retention.kind", "none", "keep_frozen")
    keep(draft)
    draft.put("objective.best", "macro_f1", "best_macro_f1")
    draft.put("objective.class_weights", "equal", "class_weights")
    draft.put("objective.samples", 3, "samples_classes")
    label = draft.get("data.columns", {}).get("label")
    known = {column.name: column.distinct for column in facts.data.columns} if facts.data else {}
    classes = known.get(label, 0)
    if facts.data is not None and classes > 1 and facts.data.rows / classes < FEW_PER_CLASS:
        draft.warn("few_per_class", rows=f"{facts.data.rows / classes:.0f}", classes=f"{classes:,}")
