"""The goal reinforce: earn a reward."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from engine.goals.rewards import check_reward, payer
from engine.goals.shared import BaseRun, Data, Training
from engine.methods import Lora, ReinforceMethod
from engine.problem import Problem
from engine.section import CHOOSES_PART, INLINE, INLINE_DEFAULT, NOT_IN_SCRIPT, Section

MOST_GENERATIONS = 8


class ReinforceData(Data):
    """Prompts; what else a rule needs stands in columns of its own."""


class ReinforceObjective(Section):
    """What is rewarded, and how boldly the policy moves."""

    algorithm: Annotated[Literal["ppo", "rloo", "grpo"], CHOOSES_PART] = "grpo"
    """How a reward becomes a gradient: ppo learns a value function, rloo and grpo compare several answers."""
    reward: dict[Literal["model", "function"], Annotated[str, Field(min_length=1)]]
    """Who pays: {model: FOLDER} a reward model, {function: FILE.py:NAME} Python of yours, {function: builtin:RULE}."""
    trust_reward_code: Annotated[bool, NOT_IN_SCRIPT] = False
    """Asks to run the Python file of the reward; you are shown it, with its hash, before it runs the first time."""
    reward_sha256: Annotated[str, INLINE_DEFAULT, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    """SHA-256 of the reward file as you agreed to it, written when the run is made; the script refuses another file."""
    generations: Annotated[int, Field(ge=0, le=1024)] = 0
    """Answers to one prompt that rloo and grpo compare; 0: the largest divisor of the batch up to 8."""
    max_new_tokens: Annotated[int, Field(ge=1, le=4096)] = 64
    """Longest answer, in tokens."""
    sampling_temperature: Annotated[float, Field(gt=0, le=5)] = 1.0
    """Softness of the choice of every token while answering; 1 is the model's own distribution."""
    iterations: Annotated[int, INLINE] = Field(
        ge=1, le=64, default_factory=lambda known: 4 if known.get("algorithm") == "ppo" else 1
    )
    """How often a set of answers is learned from before new ones are generated; clip acts from the second time on."""
    clip: Annotated[float, Field(gt=0, le=1)] = 0.2
    """How far the probability of a token may move from where it was when it was generated, as a share."""
    kl_coef: Annotated[float, Field(ge=0)] = 0.05
    """Price of every step away from the untouched model (KL divergence); 0: none, and no reference is held."""
    entropy_coef: Annotated[float, INLINE_DEFAULT, Field(ge=0)] = 0.0
    """Reward for staying undecided, in ppo and grpo; a little of it keeps answers varied."""
    value_coef: Annotated[float, Field(ge=0)] = 0.1
    """ppo: weight of the value function's loss beside the policy's."""
    value_clip: Annotated[float, Field(ge=0)] = 0.2
    """ppo: how far a value may move from where it was when the answers were generated; 0: freely."""
    reward_clip: Annotated[float, Field(ge=0)] = 5.0
    """ppo: rewards are centred and divided by their running deviation, and cut at this many; 0: taken as they are."""
    gamma: Annotated[float, Field(ge=0, le=1)] = 1.0
    """ppo: worth of a reward one token later; 1 pays the end of an answer to its first token in full."""
    lam: Annotated[float, Field(ge=0, le=1)] = 0.95
    """ppo: the lambda of generalised advantage estimation; 0 looks one step ahead, 1 to the end."""
    minibatches: Annotated[int, Field(ge=1)] = 1
    """ppo: parts into which a set of answers is cut; each is a move of the weights."""
    chat_template: Annotated[Literal["auto", "own", "plain"], INLINE] = "auto"
    """The model's own chat template, or the plain one (### User / ### Assistant) for a model that has none."""
    samples: Annotated[int, Field(ge=0, le=50)] = 3
    """How many test prompts are answered before and after the training, to compare by eye."""

    @model_validator(mode="after")
    def _reward(self) -> "ReinforceObjective":
        check_reward(self.reward)
        if self.algorithm == "rloo" and self.entropy_coef:
            raise ValueError("rloo has no entropy term: set entropy_coef to 0, or take ppo or grpo")
        return self


class ReinforceTraining(Training):
    """How fast and how carefully."""

    on_out_of_memory: Annotated[Literal["stop"], NOT_IN_SCRIPT] = "stop"
    """When the device is full; half a batch would be another training here, since its rows are compared."""


class ReinforceRun(BaseRun):
    """Earn a reward: reinforcement learning (PPO, RLOO, GRPO)."""

    goal: Annotated[Literal["reinforce"], CHOOSES_PART] = "reinforce"
    """Reinforcement learning."""
    data: ReinforceData
    """Which rows."""
    method: ReinforceMethod = Lora(dropout=0.0)
    """Which weights change."""
    objective: ReinforceObjective
    """What is learned from a row."""
    training: ReinforceTraining = ReinforceTraining()
    """How it is trained."""

    def parts(self) -> dict[str, str]:
        """Return the algorithm, and who pays; a step that can't be cut into whole groups is a Problem."""
        self._check_step()
        loop = "own_loop" if self.objective.algorithm == "ppo" else "trainer"
        return {
            "learner": self.objective.algorithm,
            "reward": payer(self.objective.reward),
            "training.resume": loop,
            "training.row_order": "shuffled",  # the answers are not written yet
        }

    def derived_settings(self) -> dict[str, object]:
        """Return how many answers to one prompt are compared."""
        return {"GENERATIONS": self.generations}

    @property
    def generations(self) -> int:
        """Answers to one prompt that RLOO and GRPO compare."""
        return self.objective.generations or group_size(self.training.batch, self.training.accumulate)

    def _check_step(self) -> None:
        objective, training = self.objective, self.training
        answers = training.batch * training.accumulate
        size = self.generations
        if objective.max_new_tokens >= training.max_length:
            what = f"answers of {objective.max_new_tokens} tokens leave no room for a prompt in {training.max_length}"
            raise Problem(what, where="objective.max_new_tokens", advice="raise training.max_length")
        if objective.algorithm == "ppo" and objective.minibatches > answers:
            what = f"the {answers} answers of a step can't be cut into {objective.minibatches} parts"
            raise Problem(what, where="objective.minibatches", advice=f"take at most {answers}, or a larger batch")
        if objective.algorithm != "ppo" and (size < 2 or answers % size):
            what = f"{objective.algorithm} compares answers to one prompt, and {answers} a step are no groups of {size}"
            advice = "batch x accumulate must be a multiple of generations, which is at least 2"
            raise Problem(what, where="objective.generations", advice=advice)

    @model_validator(mode="after")
    def _has_reference(self) -> "ReinforceRun":
        if getattr(self.method, "init", "") in ("pissa", "olora"):
            raise ValueError(
                "pissa and olora change the base, which is the reference here when the adapter is switched off: "
                "take another method.init"
            )
        return self


def group_size(batch: int, accumulate: int) -> int:
    """Return the largest divisor of the batch up to 8, of a whole step where the batch has none but 1."""
    for answers in (batch, batch * accumulate):
        size = max(size for size in range(1, MOST_GENERATIONS + 1) if answers % size == 0)
        if size > 1:
            break
    return size
