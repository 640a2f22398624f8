"""Runs that imitate texts, for tests, and their losses by the library's own forward pass."""

from pathlib import Path
from types import ModuleType
from typing import Any

from tests.preferences import script_of
from tests.training import values

LOW_RANK = ("lora", "qlora", "lora8")
RATES = {
    "full": 5e-3,
    "layers": 1e-2,
    "bottleneck": 1e-2,
    "ia3": 5e-2,
    "prefix": 5e-2,
    "prompt": 3e-1,
    "p_tuning": 3e-2,
}


def described(goal: str, kind: str, base: Path, folder: Path, data: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """A small complete run over these rows: four steps, two evaluations, a test of one batch."""
    run = values(
        goal, kind, base, folder, epochs=2, learning_rate=RATES.get(kind, 2e-2), evaluate_every=2, save_every=2
    )
    own = {"full": {}, "layers": {"last": 1}, "bottleneck": {"size": 8}, "ia3": {}}
    run["method"] = {"kind": kind, **({"rank": 4, "alpha": 8} if kind in LOW_RANK else own.get(kind, {"tokens": 4}))}
    run["data"] = {"test_fraction": 0.2, **data}
    if goal == "pretrain":
        run["objective"].pop("chat_template")
    for name, section in sections.items():
        run[name] = {**run[name], **section}
    return run


def tuned(folder: Path, script: ModuleType) -> Any:
    """The saved model of a run: a whole one loaded alone, an adapter put on the base."""
    from peft import PeftModel

    saved = folder / "output" / "model"
    if (saved / "adapter_config.json").exists():
        if hasattr(script, "register_bottleneck"):
            script.register_bottleneck()
        return PeftModel.from_pretrained(script.load_model(), saved).eval()
    return script.model_class().from_pretrained(saved).eval()


def library_loss(model: Any, script: ModuleType, rows: Any) -> float:
    """The model's own loss on tokenised rows, all in one batch padded by the library."""
    import torch
    from transformers import DataCollatorForSeq2Seq

    tokenizer = script.load_tokenizer()
    batch = DataCollatorForSeq2Seq(tokenizer, model=model)([dict(row) for row in rows])
    with torch.no_grad():
        return float(model(**batch).loss)


def moved(folder: Path, base: Path) -> set[str]:
    """The names of the saved weights that the base does not have, or has with other numbers."""
    from safetensors.torch import load_file

    before = load_file(base / "model.safetensors")
    saved = load_file(next((folder / "output" / "model").glob("*.safetensors")))
    return {name for name in saved if name not in before or not saved[name].equal(before[name])}


def check_saved(folder: Path, results: dict[str, Any], loose: float) -> None:
    """Hold what a run reported to the library's own loss of the untouched and of the saved model, answers included."""
    script = script_of(folder)
    tokenizer = script.load_tokenizer()
    train, test = script.read_texts() if hasattr(script, "read_texts") else script.read_rows()
    rows, row = script.tokenize(test, tokenizer), results["metrics"][0]
    model = tuned(folder, script)
    asked = [tokens for _, tokens in script.prompts(test, tokenizer, script.SAMPLES)]
    assert len(train) > len(test) >= 1
    assert script.answers(model, tokenizer, asked) == [sample["tuned"] for sample in results["samples"]]
    assert library_loss(model, script, rows) == _near(row["tuned"], loose)
    assert library_loss(script.load_model().eval(), script, rows) == _near(row["baseline"], loose)


def _near(value: float, loose: float) -> Any:
    import pytest

    return pytest.approx(value, abs=loose)
