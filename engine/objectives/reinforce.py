"""What reinforcement learning begins with."""

from engine.draft import Draft, Facts
from engine.goals.rewards import BUILTIN
from engine.objectives.sft import chat

ANSWER = 256
"""Tokens of an answer that has to think a little; a CPU waits too long for them."""
ANSWER_ON_CPU = 64
PRICES = {"ppo": 0.05, "rloo": 0.05, "grpo": 0.04}
"""What straying costs: the values of InstructGPT's successors, of TRL, and of the paper of GRPO."""
OF_PPO = (
    ("value_coef", 0.1, "ppo_value_coef"),
    ("value_clip", 0.2, "ppo_value_clip"),
    ("reward_clip", 5.0, "ppo_reward_clip"),
    ("gamma", 1.0, "ppo_gamma"),
    ("lam", 0.95, "ppo_lam"),
    ("minibatches", 1, "ppo_minibatches"),
)
"""The numbers that only PPO reads, and why they are what they are."""


def fill(draft: Draft, facts: Facts) -> None:
    """Fill in who pays, how answers are tried, and how boldly the policy follows the reward."""
    draft.put("objective.algorithm", "grpo", "algorithm_grpo")
    algorithm: str = draft.get("objective.algorithm")
    consent(draft)
    _answers(draft, facts, algorithm)
    own = algorithm == "ppo"
    draft.put("objective.iterations", 4 if own else 1, "iterations_ppo" if own else "iterations_once")
    draft.put("objective.clip", 0.2, "clip_policy")
    draft.put("objective.kl_coef", PRICES[algorithm], "kl_copy" if draft.moves_base else "kl_free")
    draft.put("objective.entropy_coef", 0.0, "entropy_coef")
    for name, value, reason in OF_PPO:
        draft.put(f"objective.{name}", value, reason if own else "ppo_alone")
    chat(draft, facts)
    draft.put("objective.samples", 3, "samples")
    if draft.get("method.dropout") is not None:
        draft.replace("method.dropout", 0.0, "dropout_reinforce")


def consent(draft: Draft) -> None:
    """Say what the reward still needs: consent to its code, or the column of the right answers."""
    draft.put("objective.trust_reward_code", False, "trust_reward_code")
    draft.put("objective.reward_sha256", "", "reward_sha256")
    function = draft.get("objective.reward", {}).get("function", "")
    file, _, name = function.rpartition(":")
    if file == BUILTIN and "answer" not in draft.get("data.columns", {}):
        draft.warn("rule_without_answer", rule=name)
    if file not in ("", BUILTIN) and not draft.get("objective.trust_reward_code"):
        draft.warn("reward_code", file=file)


def _answers(draft: Draft, facts: Facts, algorithm: str) -> None:
    longest = ANSWER_ON_CPU if draft.on_cpu(facts) else ANSWER
    context = facts.model.context if facts.model else 0
    if context and longest > context // 2:
        draft.put("objective.max_new_tokens", max(1, context // 2), "answer_context", context=f"{context:,}")
    draft.put("objective.max_new_tokens", longest, "answer_cpu" if draft.on_cpu(facts) else "answer_gpu")
    draft.put("objective.sampling_temperature", 1.0, "sampling_temperature")
    draft.put("objective.generations", 0, "one_answer" if algorithm == "ppo" else "generations")
