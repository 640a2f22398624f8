"""How well the untouched encoder finds the right passage: nothing is trained."""

from collections.abc import Sequence
from typing import Any

from transformers import TrainerCallback

from engine.recipes.parts.begin import begin
from engine.recipes.parts.frozen_encoder import load_frozen_encoder
from engine.recipes.parts.retrieval import Retrieval
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.untrained import report, side_by_side, tell

QUERY_PROMPT: str = ""  # text put before every question that a passage is searched for
DOCUMENT_PROMPT: str = ""  # text put before every passage


def sizes(width: int) -> tuple[int, ...]:
    """Return the width of the embeddings and the powers of two below it, five sizes in all and none under 16."""
    return (width, *[size for size in (1 << power for power in range(20, 3, -1)) if size < width][:4])


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Ask every test question, and return the results."""
    begin()
    train, test = read_rows()
    if not len(test):
        raise ValueError("there is no test row to ask: raise data.test_fraction, or give data.test")
    encoder = load_frozen_encoder(prompts={"query": QUERY_PROMPT, "document": DOCUMENT_PROMPT})
    evaluator = Retrieval(train, test, sizes(encoder.get_embedding_dimension()))
    found = evaluator(encoder)
    tell(found, 0, callbacks)
    return report(
        {
            "metrics": side_by_side(found, None, evaluator.reported),
            "samples": [],
            "train_rows": 0,
            "test_rows": len(test),
        },
    )


if __name__ == "__main__":
    main()
