"""A keep set of texts beside the rows of a classifier: with their classes, or with those that it says untouched."""

from pathlib import Path

import torch
from datasets import Dataset
from transformers import AutoConfig, DataCollatorWithPadding, PreTrainedModel, PreTrainedTokenizerBase

from engine.recipes.parts.base import BASE_MODEL, REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.class_texts import tokenize_texts
from engine.recipes.parts.classes import names_of
from engine.recipes.parts.data.load.general import read
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.keep_named import KEEP, texts_of_rows
from engine.recipes.parts.kept import parted
from engine.recipes.parts.reading import BATCH
from engine.recipes.parts.replay.none import replayed
from engine.recipes.parts.results import measured_once
from engine.recipes.parts.roles import roles
from engine.recipes.parts.source import COLUMNS
from engine.recipes.parts.untouched import without_prompt


def check_head(names: list[str], why: str) -> None:
    """Refuse to keep what a classifier says when it has no head for these classes yet: it would be chance."""
    if (Path(BASE_MODEL) / "adapter_config.json").is_file():
        return
    config = AutoConfig.from_pretrained(BASE_MODEL, revision=REVISION, trust_remote_code=TRUST_REMOTE_CODE)
    tuned = any(name.endswith("ForSequenceClassification") for name in config.architectures or ())
    if not tuned or set(config.id2label.values()) != set(names):
        raise ValueError(
            f"{why}, and {BASE_MODEL} has no head for these classes yet: what it says of them is chance. Begin from a "
            "classifier that was tuned for them, or give data.keep labels and set retention.kind to replay"
        )


def labelled(rows: Dataset, names: list[str]) -> Dataset:
    """Return rows of the goal with the places of their classes among the names."""
    found = names_of(rows)
    strange = next((name for name in found if name not in names), None)
    if strange is not None:
        raise ValueError(f"data.keep: no training row has the class '{strange}': leave such rows out, or their labels")
    return rows.remove_columns("label").add_column("label", [names.index(name) for name in found])


class ClassKeep:
    """Tokenised texts, parted so that what is measured is never trained on, whatever the guard is."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, names: list[str]) -> None:
        """Read and part them, before any weights are loaded."""
        self.collate = DataCollatorWithPadding(tokenizer)
        rows = read(KEEP)
        self.known = set(COLUMNS.values()) <= set(rows.column_names)
        if self.known:
            whole = labelled(roles(rows, COLUMNS), names)
        else:
            check_head(names, f"data.keep: {KEEP} has no classes of its own")
            texts = texts_of_rows(rows)
            whole = Dataset.from_dict({"text": texts, "label": [0] * len(texts)})
        self.held, self.measured = parted(tokenize_texts(whole, tokenizer))

    def said(self, model: PreTrainedModel) -> list[int]:
        """Return the class that the untouched model says of every row."""
        if model.device.type != DEVICE:
            model.to(DEVICE)
        rows = [*self.held.remove_columns("labels"), *self.measured.remove_columns("labels")]
        found: list[int] = []
        with torch.no_grad(), without_prompt(model):
            for first in range(0, len(rows), BATCH):
                batch = self.collate(rows[first : first + BATCH]).to(model.device)
                found += model.eval()(**batch).logits.argmax(dim=-1).tolist()
        return found

    def joined(self, model: PreTrainedModel, train: Dataset) -> Dataset:
        """Return the rows to train on; texts without a class get the one that the untouched model says."""
        if not self.known:
            classes = measured_once("keep_classes.json", lambda: self.said(model))
            self.held, self.measured = (
                rows.remove_columns("labels").add_column("labels", part)
                for rows, part in ((self.held, classes[: len(self.held)]), (self.measured, classes[len(self.held) :]))
            )
        return replayed(train, self.held)
