"""What an embedding model's own fields begin with."""

import re

from engine import words
from engine.draft import Draft, Facts
from engine.tables import table

EMBEDDING_SIZES = 5
SMALLEST_EMBEDDING = 16


def fill(draft: Draft, facts: Facts) -> None:
    """Fill in loss, sizes and prompts."""
    draft.put("objective.loss", "MultipleNegativesRankingLoss", "loss")
    width = facts.model.hidden if facts.model else 0
    reason = "matryoshka" if width else "matryoshka_unknown"
    draft.put("objective.matryoshka", embedding_sizes(width or 384), reason, width=width)
    draft.put("objective.best_dimension", draft.get("objective.matryoshka")[0], "best_dimension")
    draft.put("objective.scale", 20.0, "scale")
    name: str = draft.get("model.id")
    wanted = next((row for row in table("guide")["prompts"] if re.search(row["match"], name, re.IGNORECASE)), None)
    reason = "prompt" if wanted else "no_prompt"
    draft.put("objective.query_prompt", wanted["query"] if wanted else "", reason, model=words.model(name))
    draft.put("objective.document_prompt", wanted["document"] if wanted else "", reason, model=words.model(name))
    draft.put("training.attention_dropout", 0.0, "attention_dropout")


def embedding_sizes(width: int) -> tuple[int, ...]:
    """Return the model's own width and the powers of two below it, five in all and none under 16."""
    halves = [1 << power for power in range(20, 3, -1) if SMALLEST_EMBEDDING <= 1 << power < width]
    return (width, *halves[: EMBEDDING_SIZES - 1])
