"""How well the untouched encoder tells classes: the class whose name or examples are nearest; nothing is trained."""

import random
from collections.abc import Sequence
from typing import Any

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from transformers import TrainerCallback

from engine.recipes.parts.begin import SEED, begin
from engine.recipes.parts.class_samples import class_samples
from engine.recipes.parts.classes import numbered
from engine.recipes.parts.confusion import confusion, tables
from engine.recipes.parts.features import as_one, features
from engine.recipes.parts.frozen_encoder import load_frozen_encoder
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.untrained import report, side_by_side, tell

SHOTS: int = 0  # solved examples of every class; 0: none, the names of the classes stand for them


def drawn(rows: Dataset, classes: int) -> list[list[int]]:
    """Return for each class the places of up to `SHOTS` rows, drawn at random."""
    order = list(range(len(rows)))
    random.Random(SEED).shuffle(order)
    labels = rows["label"]
    return [[place for place in order if labels[place] == label][:SHOTS] for label in range(classes)]


def nearest(found: torch.Tensor, classes: torch.Tensor) -> list[int]:
    """Return for each text (texts, width) the class (classes, width) with the largest cosine."""
    normalise = torch.nn.functional.normalize
    said: list[int] = (normalise(found, dim=1) @ normalise(classes, dim=1).T).argmax(1).tolist()
    return said


def by_examples(encoder: SentenceTransformer, rows: Dataset, classes: int) -> torch.Tensor:
    """Return the mean of the normalised features of each class's examples (classes, width; Snell et al. 2017)."""
    places = [place for own in drawn(rows, classes) for place in own]
    labels = torch.tensor([rows["label"][place] for place in places])
    known = torch.nn.functional.normalize(features(encoder, as_one(rows.select(places))), dim=1)
    return torch.stack([known[labels == label].mean(0) for label in range(classes)])


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Compare every test row with the names of the classes, and with examples, and return the results."""
    begin()
    names, train, test = numbered(*read_rows("label"))
    encoder = load_frozen_encoder()
    higher = {"accuracy": True, "macro_f1": True}
    asked = features(encoder, as_one(test))
    said = [nearest(asked, features(encoder, [name.replace("_", " ") for name in names]))]
    if SHOTS:
        said.append(nearest(asked, by_examples(encoder, train, len(names))))
    judged = [confusion(test["label"], one, len(names)) for one in said]
    for shots, found in zip((0, SHOTS), judged, strict=False):
        tell({name: found[name] for name in higher}, shots, callbacks)
    tuned = judged[1] if SHOTS else None
    return report(
        {
            "metrics": side_by_side(judged[0], tuned, higher),
            "confusion": tables(judged[0], tuned, names),
            "samples": class_samples(test, said[0], said[1] if SHOTS else None, names),
            "train_rows": SHOTS * len(names),
            "test_rows": len(test),
        },
    )


if __name__ == "__main__":
    main()
