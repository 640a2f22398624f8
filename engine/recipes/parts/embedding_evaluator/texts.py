"""What is measured with texts alone: the loss, which picks the best, and whether a damaged copy finds its text."""

from datasets import Dataset
from torch import nn

from engine.recipes.parts.damage import damage
from engine.recipes.parts.retrieval import Retrieval


def make_evaluator(rows: tuple[Dataset, Dataset], sizes: tuple[int, ...], loss: nn.Module) -> Retrieval:
    """Return the measurement of the test texts; without labels only the loss says what was wanted, so it decides."""
    train, test = (
        Dataset.from_dict({"anchor": [damage(text) for text in side["text"]], "positive": side["text"]})
        for side in rows
    )
    evaluator = Retrieval(train, test, sizes)
    evaluator.reported = {"loss": False, **evaluator.reported}
    evaluator.primary_metric, evaluator.greater_is_better = "loss", False
    return evaluator
