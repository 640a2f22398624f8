"""How the model of a run is used: the lines that load it, and what it is good for next."""

from pathlib import Path
from typing import Any

from tui.words import literal, place

LOADERS = {
    "classify": ("AutoModelForSequenceClassification", "AutoPeftModelForSequenceClassification"),
    "reward": ("AutoModelForSequenceClassification", "AutoPeftModelForSequenceClassification"),
    "seq2seq": ("AutoModelForSeq2SeqLM", "AutoPeftModelForSeq2SeqLM"),
}
WHOLE = frozenset({"full", "layers", "head", "none"})
"""Methods whose result is a whole model, not an adapter."""


def loaded_as(results: dict[str, Any]) -> str:
    """Return what decides how a tuned model is loaded: its goal, or its own kind where that is another."""
    return str(results.get("model_kind", results.get("goal", "")))


def further(results: dict[str, Any]) -> str:
    """Return what a result is good for next, such as the base of another run; empty where nothing is offered."""
    following = results.get("next")
    if not isinstance(following, dict):
        return ""
    origin = literal(place(Path(str(following.get("from", "")))))
    return f"it is a base for more: a run with goal: {following.get('goal', 'sft')} and from: {origin}"


def how_to_load(goal: str, method: str, folder: Path) -> list[str]:
    """Return the lines of Python that load the tuned model, after its card says how where the method needs more."""
    if goal == "embed" or method == "head":
        asked = ["names = model.transformers_model.config.id2label", "names[int(model.encode(text).argmax())]"]
        return [
            "from sentence_transformers import SentenceTransformer",
            f"model = SentenceTransformer({str(folder)!r})",
            *(asked if method == "head" else []),
        ]
    if method == "bottleneck":
        return [f"see {folder.name}/README.md: the added layers need the few lines that stand there"]
    whole = method in WHOLE
    name = LOADERS.get(goal, ("AutoModelForCausalLM", "AutoPeftModelForCausalLM"))[not whole]
    lines, head = [f"from {'transformers' if whole else 'peft'} import {name}"], ""
    if goal == "classify" and not whole:  # an adapter does not know how many classes there are
        lines += ["import json", f"names = dict(enumerate(json.load(open({str(folder / 'classes.json')!r}))))"]
        head = ", id2label=names"
    elif goal == "reward" and not whole:
        head = ", num_labels=1"
    return [*lines, f"model = {name}.from_pretrained({str(folder)!r}{head})"]
