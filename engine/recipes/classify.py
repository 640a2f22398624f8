"""Sort texts into classes: sequence classification, measured before and after."""

from collections.abc import Sequence
from typing import Any

from peft import TaskType
from transformers import DataCollatorWithPadding, TrainerCallback

from engine.recipes.parts.adapter.lora import adapt, saved_weights
from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.begin import begin
from engine.recipes.parts.class_card import add_names
from engine.recipes.parts.class_keep.none import Keep
from engine.recipes.parts.class_results import before_and_after
from engine.recipes.parts.class_texts import agree, load_reader, tokenize_texts
from engine.recipes.parts.class_trainer import make_trainer
from engine.recipes.parts.classes import numbered
from engine.recipes.parts.known_classes import known_classes
from engine.recipes.parts.method_check import check_method
from engine.recipes.parts.output import output
from engine.recipes.parts.results import report
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.sequence_classifier.plain import load_classifier


def head(names: list[str]) -> dict[str, Any]:
    """Return the form of the head: one number per class; the names are saved with the model."""
    places = {name: index for index, name in enumerate(names)}
    return {
        "num_labels": len(names),
        "id2label": dict(enumerate(names)),
        "label2id": places,
        "problem_type": "single_label_classification",
    }


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Train, measure before and after, save the best model, and return the results."""
    begin()
    check_method(TaskType.SEQ_CLS)
    names, train, test = numbered(*read_rows("label"), known_classes())
    tokenizer = load_reader()
    rows = tokenize_texts(train, tokenizer), tokenize_texts(test, tokenizer)
    keep = Keep(tokenizer, names)
    model = adapt(load_classifier(**head(names)), TaskType.SEQ_CLS)
    agree(model, tokenizer)
    collator = DataCollatorWithPadding(tokenizer)
    more = {"data_collator": collator, "processing_class": tokenizer}
    rows = keep.joined(model, rows[0]), rows[1]
    trainer = make_trainer(model, rows, names, arguments(), callbacks, **more)
    trainer.held, trainer.measured = keep.held, keep.measured
    found = before_and_after(trainer, lambda: saved_weights(trainer.model), test, names, callbacks)
    trainer.save_model(str(output() / "model"))
    add_names(trainer.model, names)
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
