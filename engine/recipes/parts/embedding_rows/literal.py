"""Rows of two texts and a number that their cosine similarity shall equal."""

from datasets import Dataset

from engine.recipes.parts.encoder import QUERY_PROMPT
from engine.recipes.parts.scores import scored_rows


def embedding_rows() -> tuple[Dataset, Dataset]:
    """Return training and test rows; a score that no cosine can reach is refused."""
    rows = scored_rows()
    scores = [*rows[0]["score"], *rows[1]["score"]]
    if min(scores) < -1 or max(scores) > 1:
        raise ValueError(
            f"the scores run from {min(scores):g} to {max(scores):g}, but a cosine similarity from -1 to 1: divide "
            "them by the largest, or take CoSENTLoss, for which their order is enough"
        )
    return rows


def prompts() -> dict[str, str]:
    """Return the text that is put before each column: both are texts of one kind."""
    return {"sentence1": QUERY_PROMPT, "sentence2": QUERY_PROMPT}
