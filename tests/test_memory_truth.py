"""The formula against published measurements, and the bytes of one block against what torch really keeps."""

import statistics
import warnings
from typing import Any

import pytest

from benchmarks.memory import false_fits, here, needed, pair, published, shared
from engine import terms
from engine.model import look
from engine.step import Step

measured = pytest.mark.skipif(not here(), reason="../shared/truth is not here")

SMALL = {
    "num_hidden_layers": 2,
    "hidden_size": 128,
    "intermediate_size": 352,
    "num_attention_heads": 4,
    "vocab_size": 99,
}
GROUPED = {**SMALL, "num_key_value_heads": 2, "head_dim": 32, "max_position_embeddings": 256}
FAMILIES: dict[str, dict[str, Any]] = {
    "llama": GROUPED,
    "qwen3": GROUPED,
    "gemma": GROUPED,
    "gemma2": GROUPED,
    "gpt_neox": {**SMALL, "max_position_embeddings": 256},
    "modernbert": {**SMALL, "max_position_embeddings": 256, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2},
    "mixtral": {**GROUPED, "num_local_experts": 4, "num_experts_per_tok": 2},
}
EAGER = ("gemma2",)
ROWS, LENGTH = 2, 128


@measured
def test_published_peaks_are_met_and_hardly_ever_underestimated() -> None:
    pairs = [pair(row, said) for row, said in published(shared())]
    errors = sorted(abs(said / truth - 1) for said, truth in pairs)
    assert len(pairs) >= 17
    assert statistics.median(errors) <= 0.04, errors
    assert errors[int(0.9 * len(errors))] <= 0.12, errors
    assert sum(said < 0.95 * truth for said, truth in pairs) <= 1, errors


@measured
def test_nothing_is_said_to_fit_that_did_not() -> None:
    found = published(shared())
    assert sum(needed(row) <= said.high_gib for row, said in found) >= 0.95 * len(found)
    pairs, wrong = false_fits(found)
    assert pairs >= 200 and wrong == 0


def kept(family: str, layers: int, folder: Any, *, full: bool) -> int:
    """Return the bytes that torch keeps for a backward pass through a small model of a family."""
    import torch
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

    config = AutoConfig.for_model(family, **{**FAMILIES[family], "num_hidden_layers": layers})
    config.save_pretrained(folder)
    kind = AutoModel if family == "modernbert" else AutoModelForCausalLM
    kernel = "eager" if family in EAGER else "sdpa"
    model = kind.from_config(config, dtype=torch.bfloat16, attn_implementation=kernel).requires_grad_(full).train()
    if not full:
        model.get_input_embeddings().register_forward_hook(lambda *told: told[2].requires_grad_())
    known = {each.untyped_storage().data_ptr() for each in (*model.parameters(), *model.buffers())}
    found: dict[int, tuple[int, Any]] = {}

    def keep(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            found[storage.data_ptr()] = (storage.nbytes(), tensor)
        return tensor

    tokens = torch.randint(5, 90, (ROWS, LENGTH))
    mask = torch.ones_like(tokens)
    mask[0, -3:] = 0
    more = {} if family == "modernbert" else {"use_cache": False}
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        given = model(input_ids=tokens, attention_mask=mask, **more)
    assert given is not None
    return sum(size for size, _ in found.values())


@pytest.mark.slow
@pytest.mark.parametrize("full", [True, False], ids=["trained", "frozen"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_block_keeps_what_torch_keeps(family: str, full: bool, tmp_path: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        two, four = (kept(family, layers, tmp_path, full=full) for layers in (2, 4))
    facts = look(str(tmp_path))
    step = Step(
        shape=facts, parameters=facts.parameters or 0, tokens=ROWS * LENGTH, length=LENGTH, rows=ROWS, storage=2,
        compute=2, full=full, eager=family in EAGER, amp=False, gpu=False,
    )  # fmt: skip
    real = (four - two) / 2 / (ROWS * LENGTH)
    assert terms.block_saved(step) == pytest.approx(real, rel=0.1 if family == "gpt_neox" else 0.03)
