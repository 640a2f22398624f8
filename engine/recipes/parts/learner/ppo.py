"""Proximal policy optimisation (Schulman et al. 2017, arXiv:1707.06347) for answers of a language model.

Four roles: the actor is the model that is trained; the critic is one linear layer on the actor's last hidden states,
trained with it (a shared body needs no second model, and is why the value loss has a coefficient); the reference is
the untouched model; the reward pays for whole answers.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback

from engine.recipes.parts.arguments import MAX_GRAD_NORM
from engine.recipes.parts.divergence import divergence, masked_mean
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.loop import Loop
from engine.recipes.parts.policy_test import earned
from engine.recipes.parts.questions import Question
from engine.recipes.parts.reading import BATCH, PRECISION
from engine.recipes.parts.reference import make_reference
from engine.recipes.parts.rollout import draw, read_back, spoken
from engine.recipes.parts.surrogate import (
    advantages_and_returns,
    policy_loss,
    token_rewards,
    value_loss,
    whiten,
)
from engine.recipes.parts.trust_region import CLIP, ITERATIONS, KL_COEF

VALUE_COEF: float = 0.1  # weight of the value function's loss beside the policy's
VALUE_CLIP: float = 0.2  # how far a value may move from where it was when the answers were generated; 0: freely
ENTROPY_COEF: float = 0.0  # reward for staying undecided
REWARD_CLIP: float = 5.0  # rewards in running deviations are cut at this many; 0: rewards are taken as they are
GAMMA: float = 1.0  # worth of a reward one token later
LAM: float = 0.95  # lambda of the advantages: 0 looks one step ahead, 1 to the end
MINIBATCHES: int = 1  # parts into which a set of answers is cut; each is a move of the weights


class Scale:
    """Rewards centred and in running deviations, and cut: reward scaling of Zheng et al. 2023 (section 5.3)."""

    def __init__(self) -> None:
        """Begin without a memory: how many rewards, their mean, and the sum of their squared distances from it."""
        self.count, self.mean, self.squares = 0, 0.0, 0.0

    def __call__(self, rewards: list[float]) -> list[float]:
        """Remember the rewards (Welford 1962), and return them scaled."""
        for reward in rewards:
            self.count += 1
            step = reward - self.mean
            self.mean += step / self.count
            self.squares += step * (reward - self.mean)
        deviation = math.sqrt(self.squares / self.count) + 1e-8
        if not REWARD_CLIP:
            return rewards
        return [max(-REWARD_CLIP, min(REWARD_CLIP, (reward - self.mean) / deviation)) for reward in rewards]


class Ppo(Loop):
    """Answers, pays, and learns from the answers several times within bounds."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        rows: tuple[list[Question], list[Question]],
        reward: Callable[[Sequence[Question], Sequence[str]], list[float]],
        callbacks: Sequence[TrainerCallback],
    ) -> None:
        """Train on the first rows, measure on the second."""
        critic = nn.Linear(model.config.get_text_config().hidden_size, 1, device=model.device)
        nn.init.zeros_(critic.weight)  # no answer is expected to earn more than another before any was paid
        nn.init.zeros_(critic.bias)
        super().__init__(model, critic, tokenizer, rows[0], callbacks)
        self.critic, self.tests, self.reward, self.scale = critic, rows[1], reward, Scale()
        self.reference = make_reference(model)
        self.scaler = torch.amp.GradScaler(model.device.type, enabled=PRECISION == "float16")

    def carried(self) -> dict[str, Any]:
        """Return the memory of the rewards' scale, and the scale of 16-bit gradients."""
        return {"scale": vars(self.scale), "scaler": self.scaler.state_dict()}

    def carry(self, known: dict[str, Any]) -> None:
        """Take both up."""
        vars(self.scale).update(known["scale"])
        self.scaler.load_state_dict(known["scaler"])

    def measure(self) -> dict[str, float]:
        """Return what the policy earns on the test prompts."""
        self.callback_handler.eval_dataloader = range(0, len(self.tests), BATCH)  # for the progress: as many batches
        return earned(
            self.model,
            self.reference,
            self.tokenizer,
            self.tests,
            self.reward,
            lambda: self.tell("on_prediction_step"),
        )

    def step(self, rows: list[Question]) -> dict[str, float]:
        """Answer the prompts, and learn from the answers ITERATIONS times; return the means over all moves."""
        answers, curves = self.answer(rows)
        points: dict[str, list[float]] = defaultdict(list)
        self.model.train()
        for _ in range(ITERATIONS):
            for part in torch.randperm(len(rows)).chunk(MINIBATCHES):
                for name, value in self.move({name: value[part] for name, value in answers.items()}).items():
                    points[name].append(value)
        return {**{name: sum(values) / len(values) for name, values in points.items()}, **curves}

    @torch.no_grad()
    def answer(self, rows: list[Question]) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
        """Return drawn answers with all that is learned from them, and their points of the curves."""
        self.model.eval()
        answers = draw(self.model, self.tokenizer, [one.tokens for one in rows])
        paid = self.reward(rows, spoken(answers, self.tokenizer))
        mask, found = answers["answered"], [self.judge(part) for part in batches(answers)]
        old, entropy, values, reference = (torch.cat(each) for each in zip(*found, strict=True))
        scores = torch.tensor(self.scale(paid), device=mask.device)
        rewards = token_rewards(scores, old, reference, mask, KL_COEF)
        advantages, returns = advantages_and_returns(rewards, values, mask, GAMMA, LAM)
        answers |= {"old": old, "values": values, "returns": returns, "advantages": whiten(advantages, mask)}
        curves = {"reward": sum(paid) / len(paid), "reward_std": torch.tensor(paid).std(correction=0).item()}
        if self.reference is not None:
            curves["kl"] = divergence(old, reference, mask).item()
        curves |= {"entropy": masked_mean(entropy, mask).item(), "length": mask.sum(1).mean().item()}
        return answers, curves

    def judge(self, answers: dict[str, torch.Tensor]) -> tuple[torch.Tensor, ...]:
        """Return log-probabilities, entropies, values and the reference's log-probabilities of some answers."""
        log_probs, entropy, states = read_back(self.model, answers, states=True)
        reference = log_probs if self.reference is None else self.reference(answers)
        return log_probs, entropy, self.critic(states).squeeze(-1), reference

    def move(self, answers: dict[str, torch.Tensor]) -> dict[str, float]:
        """Move the weights once, with the gradients of all answers added up BATCH by BATCH."""
        points: dict[str, float] = defaultdict(float)
        tokens = answers["answered"].sum()
        for part in batches(answers):
            losses = self.losses(part)
            share = part["answered"].sum() / tokens
            torch.autograd.backward(self.scaler.scale(losses["loss"] * share))
            for name, loss in losses.items():
                points[name] += (loss.detach() * share).item()
        self.scaler.unscale_(self.optimizer)
        points["grad_norm"] = nn.utils.clip_grad_norm_(self.learned, MAX_GRAD_NORM).item()
        self.tell("on_pre_optimizer_step")
        self.scaler.step(self.optimizer)
        self.tell("on_optimizer_step")
        self.scaler.update()
        self.optimizer.zero_grad()
        return points

    def losses(self, answers: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return the whole loss and its terms: policy + VALUE_COEF value - ENTROPY_COEF entropy (equation 9)."""
        log_probs, entropy, states = read_back(self.model, answers, states=True)
        mask, values = answers["answered"], self.critic(states).squeeze(-1)
        policy, clipped = policy_loss(log_probs, answers["old"], answers["advantages"], mask, CLIP)
        value = value_loss(values, answers["values"], answers["returns"], mask, VALUE_CLIP)
        loss = policy + VALUE_COEF * value
        if ENTROPY_COEF:
            loss = loss - ENTROPY_COEF * masked_mean(entropy, mask)
        return {"loss": loss, "policy_loss": policy, "value_loss": value, "clip_fraction": clipped}


def batches(answers: dict[str, torch.Tensor]) -> Iterator[dict[str, torch.Tensor]]:
    """Yield the answers BATCH by BATCH: what is on the device at once."""
    for start in range(0, len(answers["tokens"]), BATCH):
        yield {name: value[start : start + BATCH] for name, value in answers.items()}


def make_learner(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: tuple[list[Question], list[Question]],
    reward: Callable[[Sequence[Question], Sequence[str]], list[float]],
    callbacks: Sequence[TrainerCallback],
) -> Ppo:
    """Return the trainer."""
    if model.device.type != DEVICE:
        model.to(DEVICE)
    return Ppo(model, tokenizer, rows, reward, callbacks)
