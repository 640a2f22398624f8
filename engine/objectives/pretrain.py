"""What reading on in plain texts begins with."""

from math import inf

from engine.draft import Draft, Facts
from engine.objectives.keeping import keep


def fill(draft: Draft, facts: Facts) -> None:
    """Fill in how texts are cut, how often they are read, and what is continued before and after."""
    keep(draft)
    draft.put("training.packing", True, "packing_texts")
    if draft.get("training.packing"):
        _block(draft, facts)
    _epochs(draft, facts)
    draft.put("objective.samples", 3, "samples_texts")
    draft.put("objective.max_new_tokens", 64, "max_new_tokens")


def _block(draft: Draft, facts: Facts) -> None:
    """Joined texts fill every length, so what decides is the model and not how long a line of the file is."""
    context = (facts.model.context if facts.model else 0) or inf
    usual: int = draft.rules["max_length"]
    if context < usual:
        draft.put("training.max_length", int(context), "length_block_context", length=f"{int(context):,}")
    draft.put("training.max_length", usual, "length_block", length=f"{usual:,}")


def _epochs(draft: Draft, facts: Facts) -> None:
    if facts.data is None:
        return
    tokens = draft.tokens(facts.model, facts.data).whole * facts.data.rows
    epochs = next(float(epochs) for most, epochs in draft.rules["epochs"] if tokens <= most)
    draft.put("training.epochs", epochs, "epochs_texts", tokens=f"{tokens:,.0f}")
