"""Small rows for every shape that an embedding model learns from, and the runs that learn from them."""

from pathlib import Path
from typing import Any

from engine.losses import losses, shapes
from tests.tiny import COLOURS, pairs, write_rows

SIZES = [64, 32]
SHAPES = {shape.name: shape for shape in shapes()}
CELLS = [(shape.name, loss) for shape in shapes() for loss in shape.losses]
"""Every shape with every loss that it offers."""


def rows(shape: str, count: int = 48) -> list[dict[str, Any]]:
    """Rows of a shape; no two of them are equal."""
    every = pairs(count + 10)
    texts = [(row["question"], row["passage"]) for row in every]
    made: list[dict[str, Any]] = []
    for n in range(count):
        question, passage = texts[n]
        near, far, alike = texts[n + 1][1], texts[n + 7][1], texts[n + 10][1]
        match shape:
            case "pairs":
                row = {"anchor": question, "positive": passage}
            case "triplets":
                row = {"anchor": question, "positive": passage, "negative": alike}
            case "negatives":
                row = {"anchor": question, "positive": passage, "negative_1": alike, "negative_2": near}
            case "scored":
                row = {"sentence1": question, "sentence2": [passage, near, far][n % 3], "score": [0.9, 0.5, 0.1][n % 3]}
            case "matched":
                row = {"sentence1": question, "sentence2": [passage, alike][n % 2], "label": [1, 0][n % 2]}
            case "related":
                kinds = ["entailment", "neutral", "contradiction"]
                row = {"sentence1": question, "sentence2": [passage, near, far][n % 3], "label": kinds[n % 3]}
            case "classes":
                row = {"text": passage, "label": COLOURS[n % 4]}
            case "texts":
                row = {"text": passage}
            case "damaged":
                row = {"damaged": " ".join(passage.split()[::2]), "original": passage}
        made.append(row)
    return made


def described(shape: str, loss: str, base: Path, folder: Path, **sections: dict[str, Any]) -> dict[str, Any]:
    """A complete small run of a loss over rows of a shape."""
    made = rows(shape)
    folder.mkdir(parents=True, exist_ok=True)
    objective = {"loss": loss, "matryoshka": SIZES if losses()[loss].matryoshka else [], "mini_batch": 3}
    values: dict[str, dict[str, Any]] = {
        "model": {"id": str(base), "dtype": "fp32", "attention": "sdpa"},
        "data": {
            "train": str(write_rows(folder / f"{shape}.jsonl", made)),
            "test_fraction": 0.25,
            "columns": {name: name for name in made[0]},
        },
        "method": {"kind": "lora", "rank": 4, "alpha": 8, "dropout": 0.1},
        "objective": objective,
        "training": {
            "max_steps": 4,
            "batch": 8,
            "learning_rate": 5e-3,
            "max_length": 32,
            "precision": "fp32",
            "threads": 1,
            "evaluate_every": 2,
            "save_every": 2,
            "keep_checkpoints": 9,
        },
        "launch": {"device": "cpu"},
        "output": {"name": f"{shape}-{loss}"},
    }
    return {"goal": "embed", **{name: {**part, **sections.get(name, {})} for name, part in values.items()}}
