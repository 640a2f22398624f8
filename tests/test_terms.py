"""Terms of memory, each against a case worked by hand; numbers are bytes."""

from dataclasses import replace

import pytest

from engine import terms
from engine.families import habits
from engine.shapes import Shape
from engine.step import Step

H, F, V, TOKENS = 8, 32, 100, 10
SHAPE = Shape(
    hidden=H, layers=2, heads=2, kv_heads=1, intermediate=F, vocab=V, context=64, tied=False, experts=0, family="llama"
)
FROZEN = Step(
    shape=SHAPE,
    parameters=5000,
    tokens=TOKENS,
    length=5,
    rows=2,
    storage=2,
    compute=2,
    full=False,
    rank=4,
    padded=False,
)
FULL = replace(FROZEN, full=True, rank=0, amp=False)
QUERY, KEY = 8, 4


def test_a_frozen_block_keeps_norms_in_32_bit_attention_and_gates() -> None:
    norms, attention, gates = 2 * H * 4, 2 * (2 * QUERY + 2 * KEY), 3 * F * 2
    without = replace(FROZEN, rank=0)
    assert terms.block_saved(without) == norms + attention + gates


def test_a_trained_block_keeps_the_inputs_of_its_layers_as_well() -> None:
    frozen = terms.block_saved(replace(FROZEN, rank=0, amp=False))
    scaled, inputs, down = 2 * H * 2, 2 * H * 2, F * 2
    assert terms.block_saved(FULL) == frozen + scaled + inputs + down


def test_a_mask_repeats_grouped_keys_and_is_held_itself() -> None:
    padded = replace(FROZEN, padded=True)
    repeated, mask = 2 * 2 * (QUERY - KEY), 5 * 2
    assert terms.attention_saved(padded) == terms.attention_saved(FROZEN) + repeated + mask


def test_attention_that_is_made_whole_keeps_32_bit_scores_and_their_cast() -> None:
    eager = replace(FROZEN, eager=True)
    repeated, matrix = 2 * 2 * (QUERY - KEY), 2 * 5 * (4 + 2)
    assert terms.attention_saved(eager) == terms.attention_saved(FROZEN) + repeated + matrix
    capped = replace(eager, shape=replace(SHAPE, softcap=True))
    assert terms.attention_saved(capped) == terms.attention_saved(eager) + 2 * 5 * 2


def test_queries_and_keys_with_norms_of_their_own_keep_them_in_32_bit() -> None:
    qwen3 = replace(FROZEN, shape=replace(SHAPE, family="qwen3"))
    assert terms.attention_saved(qwen3) == terms.attention_saved(FROZEN) + 4 * (QUERY + KEY)


def test_of_experts_only_those_count_that_a_token_is_sent_to() -> None:
    mixtral = replace(FROZEN, shape=replace(SHAPE, family="mixtral", experts=8, experts_used=2))
    assert terms.mlp_saved(mixtral) == 2 * terms.mlp_saved(FROZEN) + 2 * H * 2
    assert terms.block_weights(mixtral) == 2 * (2 * H * (QUERY + KEY) + 8 * 3 * H * F + 8 * H)


def test_one_norm_for_attention_and_mlp_is_kept_once_and_written_out_activations_thrice_more() -> None:
    assert (habits("phi", "", gated=False).norms, habits("gemma2", "", gated=True).norms) == (1, 4)
    assert habits("gpt2", "gelu_new", gated=False).wide == 4 and habits("gpt_neox", "gelu", gated=False).wide == 1


def test_packed_weights_hold_their_constants_and_what_is_not_packed_is_widened_on_request() -> None:
    packed = replace(FROZEN, bits=4)
    blocks = 2 * (2 * H * (QUERY + KEY) + 3 * H * F)
    rest = 5000 - blocks
    assert terms.weights(packed) == pytest.approx(blocks * (0.5 + 1 / 64 + 4 / (64 * 256)) + 2 * rest)
    assert terms.weights(replace(packed, double_quant=False)) == pytest.approx(blocks * (0.5 + 4 / 64) + 2 * rest)
    assert terms.weights(replace(packed, upcast=True)) - terms.weights(packed) == 2 * rest
    wide = replace(packed, upcast=True, checkpointing=True)
    assert terms.kept(wide) == 2 * terms.kept(replace(packed, checkpointing=True)) == 2 * H * 4 * TOKENS


def test_a_plain_loss_holds_every_logit_four_times_and_tiles_hold_none() -> None:
    plain = replace(FROZEN, kernel="plain")
    assert terms.loss(plain) == TOKENS * V * (2 + 4 + 4 + 4) + TOKENS * H * (4 + 2)
    assert terms.loss(FROZEN) == TOKENS * V * 2 + TOKENS * H * (4 + 2)  # one tile, as all words fit into it
    many = replace(FROZEN, tokens=100_000, shape=replace(SHAPE, vocab=200_000))
    assert terms.loss(many) == 4096 * 32768 * 2 + 100_000 * H * (4 + 2)
    assert terms.loss(replace(plain, told=3)) < terms.loss(plain) / 3


def test_a_trained_head_has_its_gradient_in_32_bit_with_ligers_layers_too() -> None:
    assert terms.loss(FULL) - terms.loss(replace(FULL, full=False)) == V * H * 4
    assert terms.loss(replace(FULL, kernel="liger")) == terms.loss(FULL)


def test_adapters_in_32_bit_keep_a_copy_of_their_input_for_each_target() -> None:
    adapted = replace(FROZEN, amp=False, targets=("q_proj", "v_proj"))
    assert terms.adapter_inputs(adapted) == (2 * H + 2 * 4) * 4
    assert terms.adapter_parameters(adapted) == 2 * 4 * ((H + QUERY) + (H + KEY))
    same = replace(adapted, adapter=2)
    assert terms.adapter_inputs(same) == (H + 2 * 4) * 2  # of one type with the model they share their input


def test_the_optimizer_holds_two_moments_and_moves_all_at_once_on_a_card() -> None:
    assert terms.gradients(FULL) == 10_000 and terms.optimizer(FULL) == 20_000 and terms.update(FULL) == 10_000
    assert terms.optimizer(replace(FULL, optimizer="adamw_8bit")) == pytest.approx(2 * 5000 * (1 + 4 / 256))
    assert terms.optimizer(replace(FULL, optimizer="paged_adamw_8bit")) == 0


def test_experts_that_no_library_packs_take_their_16_bit() -> None:
    mixtral = replace(FROZEN, bits=4, shape=replace(SHAPE, family="mixtral", experts=8, experts_used=2))
    experts = 2 * 8 * 3 * H * F
    assert terms.whole_experts(mixtral) == pytest.approx(experts * (2 - 0.5 - 1 / 64 - 4 / (64 * 256)))
    assert terms.whole_experts(replace(mixtral, bits=8)) == pytest.approx(experts * (2 - 1 - 4 / H))
    assert terms.whole_experts(replace(mixtral, bits=16)) == 0
    assert terms.whole_experts(replace(FROZEN, bits=4)) == 0
