"""What the card of a model says beside its numbers."""

from engine.recipes.parts.output import output


def offer_as_base() -> None:
    """Say in the model's card what it is good for: it knows the texts, and no task yet."""
    card = output() / "model" / "README.md"
    words = "It has read these texts and learned no task yet: tune it further, on rows of question and answer."
    card.write_text(f"{card.read_text()}\n## What next\n\n{words}\n")
