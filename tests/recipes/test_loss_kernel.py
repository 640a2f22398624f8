"""How logits become a loss: tile by tile or all at once, with the same result; and weights beside packed ones."""

import pytest

from engine.document import check
from engine.problem import Problem
from engine.script import assemble, requirements
from tests.forge import forge
from tests.imitation import described
from tests.tiny import talks, write_rows
from tests.training import curves

pytestmark = pytest.mark.slow

PAIR = {"prompt": "prompt", "completion": "completion"}


def of(folder, model, method="lora", **training):
    folder.mkdir()
    data = {"train": str(write_rows(folder / "talks.jsonl", talks(20))), "columns": PAIR}
    run = described("sft", method, model, folder, data)
    run["training"] |= training
    return run


def trained(run, folder):
    _, known = forge(run, folder / "runs")
    return [value for _, value in curves(known)["loss"]], known.finished["results"]


def test_all_logits_at_once_teach_what_tiles_teach(llama, tmp_path):
    told = {}
    for kernel in ("chunked", "plain"):
        run = of(tmp_path / kernel, llama, "full", loss_kernel=kernel, accumulate=2, batch=4)
        told[kernel] = trained(run, tmp_path / kernel)
    assert told["plain"][0] == pytest.approx(told["chunked"][0], abs=2e-4)
    assert told["plain"][0][-1] < told["plain"][0][0]
    tuned = [[row["tuned"] for row in results["metrics"]] for _, results in told.values()]
    assert tuned[0] == pytest.approx(tuned[1], rel=1e-3)


def test_what_is_not_packed_is_widened_on_request_and_the_adapter_still_learns(llama, tmp_path):
    run = of(tmp_path / "wide", llama, "qlora", precision="bf16")
    run["model"]["dtype"] = "bf16"
    run["method"] |= {"upcast": True}
    losses, results = trained(run, tmp_path / "wide")
    assert losses[-1] < losses[0]
    assert results["trainable"] < results["parameters"]


def test_liger_is_named_among_the_libraries_of_its_script(llama, tmp_path):
    text = assemble(check(of(tmp_path / "liger", llama, loss_kernel="liger")))
    assert "use_liger_kernel=True" in text and "liger-kernel" in text.split("import os")[0]
    assert not any("liger" in line for line in requirements(assemble(check(of(tmp_path / "tiles", llama)))))


def test_a_model_that_turns_one_text_into_another_knows_no_tiles(t5, tmp_path):
    run = of(tmp_path / "t5", t5, loss_kernel="liger")
    run["model"]["kind"] = "seq2seq"
    with pytest.raises(Problem, match=r"set training\.loss_kernel to plain"):
        check(run)
