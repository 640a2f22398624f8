"""Reward models: every method trained, held against the formula, and used by who asks for a reward."""

import pytest

from engine.config import methods_of
from tests.forge import check_cell
from tests.preferences import choices, described, script_of

pytestmark = pytest.mark.slow


def judge_of(folder, script):
    """The saved reward model, loaded from its folder as another run would."""
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification

    saved = folder / "output" / "model"
    if (saved / "adapter_config.json").exists():
        return PeftModel.from_pretrained(script.load_classifier(num_labels=1), saved).eval()
    return AutoModelForSequenceClassification.from_pretrained(saved).eval()


@pytest.mark.parametrize("method", methods_of("reward"))
def test_every_method_learns_to_tell_the_better_answer_and_equals_the_formula(method, llama, tmp_path):
    import torch
    from safetensors.torch import load_file
    from torch.nn.functional import softplus

    more = {"method": {"last": 1}} if method == "layers" else {}
    objective = {"center": 0.01 if method == "lora" else 0.0}
    run = described("reward", method, llama, tmp_path, choices(), objective=objective, **more)
    folder, known = check_cell(run, tmp_path)
    results = known.finished["results"]
    rows = {row["name"]: row for row in results["metrics"]}

    script = script_of(folder)
    tokenizer = script.load_tokenizer()
    script.set_template(tokenizer)
    test = script.whole_texts(script.pair_tokens(script.read_pairs()[1], tokenizer))
    judge = judge_of(folder, script)
    judge.config.pad_token_id = tokenizer.pad_token_id
    with torch.no_grad():
        better, worse = (
            torch.stack([judge(input_ids=torch.tensor([ids])).logits[0, 0] for ids in test[side]])
            for side in ("chosen_ids", "rejected_ids")
        )
    by_hand = softplus(worse - better).mean() + objective["center"] * ((better + worse) ** 2).mean()
    loose = 2e-2 if method in ("qlora", "lora8") else 1e-4
    assert rows["eval_loss"]["tuned"] == pytest.approx(float(by_hand), abs=loose)
    assert rows["margin"]["tuned"] == pytest.approx(float((better - worse).mean()), abs=10 * loose)
    assert rows["accuracy"]["tuned"] == float((better > worse).float().mean())
    assert rows["eval_loss"]["tuned"] < rows["eval_loss"]["baseline"] - 0.01
    assert results["samples"][0]["tuned"] != results["samples"][0]["base"]
    assert len(known.metrics["accuracy"]) == 4

    saved = load_file(next((folder / "output" / "model").glob("*.safetensors")))
    before = load_file(llama / "model.safetensors")
    moved = {name for name in saved if name not in before or not saved[name].equal(before[name])}
    assert any("score" in name for name in moved)
    if method == "layers":
        assert {name.split(".")[2] for name in moved if "layers" in name} == {"1"}
    elif method == "full":
        assert moved == set(saved)
    else:
        assert all("lora_" in name or "score" in name for name in saved)
