"""Adapters on the disk: what they change, whose weights, and whether those can take the change up."""

from pathlib import Path

from engine import hub
from engine.problem import Problem

DESCRIPTION = "adapter_config.json"
MERGEABLE = frozenset({"LORA", "IA3", "ADALORA", "LOHA", "LOKR", "OFT", "BOFT", "VERA"})
"""Adapters that are a change of weights, so that a base model can take them up."""


def read(folder: Path) -> tuple[str, str, str]:
    """Return an adapter's kind, its base model and that model's revision; a Problem where it can be no base itself."""
    description = hub.read_json(folder / DESCRIPTION)
    kind = str(description.get("peft_type") or "")
    base = str(description.get("base_model_name_or_path") or "")
    if kind not in MERGEABLE:
        what = f"this folder holds an adapter ({kind.lower() or 'of no known kind'}) that can't be merged into its base"
        advice = "begin from its base model, or from the result of full tuning, LoRA or IA3"
        raise Problem(what, where=str(folder), advice=advice, code="adapter")
    if not base:
        advice = f"write it into {DESCRIPTION} as base_model_name_or_path"
        raise Problem("this adapter does not name its base model", where=str(folder), advice=advice, code="adapter")
    if not any((folder / name).is_file() for name in ("tokenizer_config.json", "tokenizer.json")):
        advice = "save the tokenizer of its base model into the folder"
        raise Problem("no tokenizer lies beside this adapter", where=str(folder), advice=advice, code="adapter")
    return kind, base, str(description.get("revision") or "main")
