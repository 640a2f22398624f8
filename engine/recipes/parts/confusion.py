"""How well classes are told apart: the confusion table, and what follows from it."""

from typing import Any

import torch


def confusion(truth: list[int], said: list[int], classes: int) -> dict[str, Any]:
    """Return the `matrix` (rows: the true class, columns: the class that was said) and the measures that follow.

    `precision` and `recall` of every class are null where nothing was said, or nothing was to be found; `macro_f1` is
    the mean over the classes that were said or true, each counting the same.
    """
    pairs = torch.tensor(truth) * classes + torch.tensor(said)
    matrix = torch.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    right, true, told = matrix.diagonal().double(), matrix.sum(1).double(), matrix.sum(0).double()
    f1 = (2 * right / (true + told))[true + told > 0]
    return {
        "accuracy": float(right.sum() / true.sum()),
        "macro_f1": float(f1.mean()),
        "matrix": matrix.tolist(),
        "precision": shares(right, told),
        "recall": shares(right, true),
    }


def shares(part: torch.Tensor, whole: torch.Tensor) -> list[float | None]:
    """Return part / whole, None where there is no whole."""
    return [float(one / all_) if all_ else None for one, all_ in zip(part, whole, strict=True)]


def tables(before: dict[str, Any], after: dict[str, Any] | None, names: list[str]) -> dict[str, Any]:
    """Return the confusion before and after for the results: `labels`, and matrix, precision and recall of both."""
    wanted = ("matrix", "precision", "recall")
    both = {"before": before, "after": after}
    chosen = {when: {name: found[name] for name in wanted} for when, found in both.items() if found is not None}
    return {"labels": names, **chosen}
