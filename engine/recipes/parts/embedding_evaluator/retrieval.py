"""What is measured with pairs: whether a question finds its passage."""

from datasets import Dataset
from torch import nn

from engine.recipes.parts.retrieval import Retrieval


def make_evaluator(rows: tuple[Dataset, Dataset], sizes: tuple[int, ...], loss: nn.Module) -> Retrieval:
    """Return the measurement of the test questions among all passages."""
    return Retrieval(*rows, sizes)
