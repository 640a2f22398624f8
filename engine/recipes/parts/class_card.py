"""How a saved classifier is used, for its card; adapters do not keep the names of the classes, so they lie beside."""

import json

from peft import PeftModel
from transformers import PreTrainedModel

from engine.recipes.parts.output import output


def usage(model: PreTrainedModel | PeftModel, folder: str) -> list[str]:
    """Return the lines of Python that load the model and ask it for the class of a text."""
    if not isinstance(model, PeftModel):
        return [
            "from transformers import pipeline",
            "",
            f'print(pipeline("text-classification", model={folder!r})("a text"))',
        ]
    return [
        "import json",
        "from pathlib import Path",
        "",
        "from peft import AutoPeftModelForSequenceClassification",
        "from transformers import AutoTokenizer",
        "",
        f"folder = {folder!r}",
        'names = dict(enumerate(json.loads(Path(folder, "classes.json").read_text("utf-8"))))',
        "model = AutoPeftModelForSequenceClassification.from_pretrained(folder, id2label=names)",
        'text = AutoTokenizer.from_pretrained(folder)("a text", return_tensors="pt")',
        "print(names[int(model(**text).logits.argmax())])",
    ]


def add_names(model: PreTrainedModel | PeftModel, names: list[str]) -> None:
    """Write classes.json beside the saved weights, and into the card how both are used."""
    folder = output() / "model"
    (folder / "classes.json").write_text(json.dumps(names, ensure_ascii=False, indent=1), "utf-8")
    card = folder / "README.md"
    known = card.read_text("utf-8").rstrip() if card.exists() else "# Classifier"
    lines = "\n".join(usage(model, str(folder)))
    card.write_text(f"{known}\n\n## How to use it\n\n```python\n{lines}\n```\n", "utf-8")
