"""Sort texts into classes with a frozen encoder: its features are computed once, and a small head learns from them."""

from collections.abc import Sequence
from typing import Any

import torch
from datasets import Dataset
from transformers import TrainerCallback

from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.begin import begin
from engine.recipes.parts.class_results import before_and_after
from engine.recipes.parts.class_trainer import make_trainer
from engine.recipes.parts.classes import numbered
from engine.recipes.parts.features import as_one, features
from engine.recipes.parts.frozen_encoder import load_frozen_encoder
from engine.recipes.parts.head import Head, with_head
from engine.recipes.parts.output import output
from engine.recipes.parts.results import report
from engine.recipes.parts.rows import read_rows


def learnable(found: torch.Tensor, rows: Dataset) -> Dataset:
    """Return features and labels as rows for the trainer."""
    made = Dataset.from_dict({"features": found.numpy(), "labels": rows["label"]})
    return made.with_format("torch", columns=["features"], output_all_columns=True)


def card() -> str:
    """Return how the model is used, for its card."""
    lines = [
        "# Classifier on frozen features",
        "",
        "```python",
        "from sentence_transformers import SentenceTransformer",
        "",
        f"model = SentenceTransformer({str(output() / 'model')!r})",
        "names = model.transformers_model.config.id2label",
        'print(names[int(model.encode("a text").argmax())])',
        "```",
    ]
    return "\n".join(lines) + "\n"


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Compute the features, train, measure before and after, save the best model, and return the results."""
    begin()
    names, train, test = numbered(*read_rows("label"))
    encoder = load_frozen_encoder()
    known, asked = features(encoder, as_one(train)), features(encoder, as_one(test))
    head = Head(known, len(names))
    # The head is computed in 32 bit, and there is nothing in it to be computed twice.
    told = arguments() | {"bf16": False, "fp16": False, "gradient_checkpointing": False}
    trainer = make_trainer(head, (learnable(known, train), learnable(asked, test)), names, told, callbacks)
    found = before_and_after(trainer, head.state_dict, test, names, callbacks)
    model = with_head(encoder, head, names)
    model.save_pretrained(str(output() / "model"), create_model_card=False)
    (output() / "model" / "README.md").write_text(card())
    return report(
        {
            "goal": "classify",
            **found,
            "train_rows": len(train),
            "test_rows": len(test),
        }
    )


if __name__ == "__main__":
    main()
