"""PPO: its arithmetic by hand, its answers against plain forward passes, and a reward whose optimum is known."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from engine.recipes.parts import divergence, reference, rollout, samples, surrogate, trust_region
from engine.recipes.parts.learner import ppo

MASK = torch.tensor([[1.0, 1, 1], [1, 1, 0]])
LOG_PROBS = torch.tensor([[-1.0, -2, -3], [-0.5, -1.5, -9]])
UNTOUCHED = torch.tensor([[-1.5, -2, -2], [-0.5, -1.0, -9]])
VALUES = torch.tensor([[0.5, 0.4, 0.3], [0.2, 0.1, 7.0]])
REWARDS = [[-0.05, 0, 2.1], [0, -0.95, 0]]


def near(found, expected):
    torch.testing.assert_close(found, torch.tensor(expected), atol=1e-6, rtol=0)


def test_straying_costs_at_every_token_and_the_last_one_earns_the_score():
    near(surrogate.token_rewards(torch.tensor([2.0, -1.0]), LOG_PROBS, UNTOUCHED, MASK, 0.1), REWARDS)


def test_advantages_and_returns_by_hand():
    # from the end: 2.1 - 0.3 = 1.8; -0.13 + 0.72 x 1.8; -0.19 + 0.72 x 1.166; and -0.95 - 0.1; -0.11 + 0.72 x -1.05
    advantages, returns = surrogate.advantages_and_returns(torch.tensor(REWARDS), VALUES, MASK, 0.9, 0.8)
    near(advantages, [[0.64952, 1.166, 1.8], [-0.866, -1.05, 0]])
    near(returns, [[1.14952, 1.566, 2.1], [-0.666, -0.95, 0]])


def test_lambda_zero_is_the_one_step_form():
    advantages, _ = surrogate.advantages_and_returns(torch.tensor(REWARDS), VALUES, MASK, 0.9, 0.0)
    near(advantages, [[-0.05 + 0.36 - 0.5, 0.27 - 0.4, 2.1 - 0.3], [0.09 - 0.2, -0.95 - 0.1, 0]])


def test_lambda_and_gamma_one_are_what_is_still_earned():
    advantages, returns = surrogate.advantages_and_returns(torch.tensor(REWARDS), VALUES, MASK, 1.0, 1.0)
    near(returns, [[2.05, 2.1, 2.1], [-0.95, -0.95, 0]])
    near(advantages, [[1.55, 1.7, 1.8], [-1.15, -1.05, 0]])


def test_the_clipped_surrogate_by_hand():
    ratios, old = torch.tensor([[1.5, 0.5, 1.1, 9.0]]), torch.tensor([[-1.0, -2, -3, -4]])
    mask = torch.tensor([[1.0, 1, 1, 0]])
    loss, clipped = surrogate.policy_loss(ratios.log() + old, old, torch.tensor([[1.0, -1, 2, 5]]), mask, 0.2)
    near(loss, (-1.2 + 0.8 - 2.2) / 3)  # a good token counts at most 1.2 times, a bad one at least 0.8 times
    near(clipped, 2 / 3)


def test_a_clipped_token_pulls_no_longer():
    log_probs = torch.tensor([[0.4, 0.0]], requires_grad=True)
    loss, _ = surrogate.policy_loss(log_probs, torch.zeros(1, 2), torch.ones(1, 2), torch.ones(1, 2), 0.2)
    loss.backward()
    near(log_probs.grad, [[0.0, -0.5]])


def test_the_value_loss_by_hand():
    values, old, returns = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.5, 0.1]]), torch.tensor([[2.0, 0.0]])
    mask = torch.ones(1, 2)
    near(surrogate.value_loss(values, old, returns, mask, 0.2), 0.5 * (1.3**2 + 0) / 2)
    near(surrogate.value_loss(values, old, returns, mask, 0.0), 0.5 * (1.0 + 0) / 2)


def test_the_divergence_is_never_negative_and_nothing_outside_the_answer_counts():
    near(divergence.divergence(LOG_PROBS, LOG_PROBS, MASK), 0.0)
    # r - 1 - log r with log r = -0.5, 0, 1 and 0, 0.5
    near(divergence.divergence(LOG_PROBS, UNTOUCHED, MASK), (0.10653066 + 0 + 0.71828183 + 0 + 0.14872127) / 5)
    assert divergence.divergence(UNTOUCHED, LOG_PROBS, MASK) > 0


def test_whitening_leaves_the_padding_at_zero():
    near(
        surrogate.whiten(torch.tensor([[1.0, 2, 3, 50]]), torch.tensor([[1.0, 1, 1, 0]])),
        [[-(1.5**0.5), 0, 1.5**0.5, 0]],
    )
    near(surrogate.whiten(torch.ones(1, 3), torch.ones(1, 3)), [[0.0, 0, 0]])


def test_rewards_are_centred_in_running_deviations_and_cut(monkeypatch):
    scale = ppo.Scale()
    assert scale([1.0, 3.0]) == pytest.approx([-1.0, 1.0])
    assert scale([2.0, 2.0]) == pytest.approx([0.0, 0.0])
    assert (scale.count, scale.mean, scale.squares) == (4, 2.0, 2.0)
    assert scale([1000.0])[0] == pytest.approx(2.0, abs=1e-4)  # one of five is never further away than that
    monkeypatch.setattr(ppo, "REWARD_CLIP", 0.5)
    assert ppo.Scale()([1.0, 3.0]) == [-0.5, 0.5]
    monkeypatch.setattr(ppo, "REWARD_CLIP", 0.0)
    assert ppo.Scale()([1.0, 3.0]) == [1.0, 3.0]
    assert ppo.Scale()([4.0, 4.0]) == [4.0, 4.0]


@pytest.fixture
def policy(llama):
    return AutoModelForCausalLM.from_pretrained(llama).eval()


@pytest.fixture
def tokenizer(llama):
    return AutoTokenizer.from_pretrained(llama)


@pytest.fixture
def answers(policy, tokenizer, monkeypatch):
    """Answers of which some end early: the end of text is made the likeliest of all tokens."""
    monkeypatch.setattr(samples, "MAX_NEW_TOKENS", 6)
    monkeypatch.setattr(rollout, "MAX_NEW_TOKENS", 6)
    monkeypatch.setattr(rollout, "BATCH", 4)
    policy.generation_config.eos_token_id = [tokenizer.eos_token_id, *range(100, 160)]
    torch.manual_seed(5)
    return rollout.draw(policy, tokenizer, [list(range(10, 10 + length)) for length in (3, 7, 5, 4, 2, 9)])


def test_drawn_answers_end_with_their_first_end(answers, policy, tokenizer):
    ends, width = set(policy.generation_config.eos_token_id), answers["answered"].shape[1]
    assert answers["tokens"].shape == (6, 9 + width)
    lengths = answers["answered"].sum(1).int().tolist()
    assert min(lengths) < max(lengths) == width
    for tokens, seen, length in zip(answers["tokens"].tolist(), answers["seen"].tolist(), lengths, strict=True):
        given = tokens[9:]
        assert all(token not in ends for token in given[: length - 1])
        assert length == width or given[length - 1] in ends
        assert given[length:] == [tokenizer.pad_token_id] * (width - length)
        assert seen[9:] == [1] * length + [0] * (width - length)
    texts = rollout.spoken(answers, tokenizer)
    assert texts[0] == tokenizer.decode(answers["tokens"][0, 9 : 9 + lengths[0]], skip_special_tokens=True)


def test_reading_back_gives_the_numbers_of_a_plain_pass_over_each_answer(answers, policy, monkeypatch):
    monkeypatch.setattr(rollout, "SAMPLING_TEMPERATURE", 0.7)
    log_probs, entropy, states = rollout.read_back(policy, answers, states=True)
    for row, length in enumerate(answers["answered"].sum(1).int().tolist()):
        tokens = answers["tokens"][row][answers["seen"][row].bool()][None]
        with torch.no_grad():
            plain = policy(tokens, output_hidden_states=True)
        every = (plain.logits[0, -length - 1 : -1] / 0.7).log_softmax(-1)
        expected = every.gather(1, tokens[0, -length:, None])[:, 0]
        torch.testing.assert_close(log_probs[row, :length], expected, atol=1e-5, rtol=0)
        torch.testing.assert_close(entropy[row, :length], -(every.exp() * every).sum(1), atol=1e-5, rtol=0)
        before = plain.hidden_states[-1][0, -length - 1 : -1]
        torch.testing.assert_close(states[row, :length], before, atol=1e-4, rtol=0)


def test_the_reference_of_an_adapter_is_the_base_without_a_copy_of_it(answers, policy):
    untouched = rollout.read_back(policy, answers)[0].detach()
    adapted = get_peft_model(policy, LoraConfig(r=4, init_lora_weights="gaussian", target_modules=["q_proj"]))
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter)
    found = reference.make_reference(adapted)(answers)
    torch.testing.assert_close(found, untouched)
    assert not torch.allclose(rollout.read_back(adapted, answers)[0], untouched)


def test_a_full_policy_has_a_frozen_copy_as_long_as_straying_has_a_price(answers, policy, monkeypatch):
    untouched = rollout.read_back(policy, answers)[0].detach()
    found = reference.make_reference(policy)
    with torch.no_grad():
        policy.model.layers[0].mlp.up_proj.weight.mul_(2)
    torch.testing.assert_close(found(answers), untouched)
    assert not torch.allclose(rollout.read_back(policy, answers)[0], untouched)
    monkeypatch.setattr(reference, "KL_COEF", 0.0)
    assert reference.make_reference(policy) is None
    assert trust_region.KL_COEF
