"""The goal prefer: prefer the better of two answers."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, model_validator

from engine.goals.preferences import RankedData, pairs
from engine.goals.rewards import check_reward, payer
from engine.goals.shared import BaseRun, Truncating
from engine.goals.turns import turns
from engine.methods import Lora, PreferMethod
from engine.problem import Problem
from engine.section import CHOOSES_PART, INLINE, INLINE_DEFAULT, NOT_IN_SCRIPT, Section

Loss = Literal[
    "sigmoid",
    "sigmoid_norm",
    "hinge",
    "ipo",
    "robust",
    "exo_pair",
    "nca_pair",
    "bco_pair",
    "sppo_hard",
    "aot",
    "aot_unpaired",
    "apo_zero",
    "apo_down",
    "discopop",
    "orpo",
    "cpo",
    "simpo",
    "kto",
    "apo_zero_unpaired",
]
TRAINERS = {"orpo": "orpo", "cpo": "cpo", "simpo": "cpo", "kto": "kto", "apo_zero_unpaired": "kto"}
"""The trainer of each loss; all others are losses of DPO's trainer."""
SMOOTHED = {"robust": 0.1, "exo_pair": 1e-3, "aot": 0.0, "aot_unpaired": 0.0, "cpo": 0.0, "simpo": 0.0}
"""Losses that know wrong preferences, with the share that they begin with; at 0 the first two are not defined."""
WITHOUT_REFERENCE = frozenset({"orpo", "cpo", "simpo"})
CHANGES_BASE = frozenset({"pissa", "olora", "orthogonal"})
"""Beginnings of an adapter that change what the model computes when the adapter is off."""


def alone(roles: Iterable[str]) -> bool:
    """Return whether rows hold prompts alone (and perhaps what a rule needs), so that a reward has to judge answers."""
    return "prompt" in roles and set(roles) <= {"prompt", "answer"}


class PreferData(RankedData):
    """Prompts with a chosen and a rejected answer, answers marked good or bad, or good answers alone."""

    template: str = "{instruction}\n\n{input}"
    """How instruction and input become one prompt; only for rows with an instruction."""
    tries: Annotated[int, Field(ge=2, le=64)] = 4
    """Answers that the model writes to a prompt that stands alone; the best and the worst of them become a pair."""
    temperature: float = Field(ge=0, le=5, default_factory=lambda known: float(alone(known.get("columns", {}))))
    """How freely the model's own answers are drawn where it writes them; 0: always the likeliest word."""
    answer_tokens: Annotated[int, Field(ge=1, le=32768)] = 128
    """Longest of the model's own answers, in tokens; only where it writes them."""


class PreferObjective(Section):
    """How a preference becomes a loss."""

    loss: Annotated[Loss, INLINE] = "sigmoid"
    """The loss: sigmoid is DPO's own; orpo, cpo and simpo need no reference; kto takes answers marked good or bad."""
    beta: float = Field(gt=0, default_factory=lambda known: 2.0 if known.get("loss") == "simpo" else 0.1)
    """How strongly the model is held to the reference, larger stays closer; orpo: weight of preferring."""
    label_smoothing: Annotated[float, INLINE_DEFAULT] = Field(
        ge=0, lt=0.5, default_factory=lambda known: SMOOTHED.get(known.get("loss", ""), 0.0)
    )
    """Share of the preferences that are believed to be wrong; robust and exo_pair need it above 0."""
    discopop_tau: Annotated[float, INLINE, Field(gt=0)] = 0.05
    """discopop: where the loss turns from one shape into the other (Lu et al. 2024)."""
    gamma: Annotated[float, Field(ge=0)] = 0.5
    """simpo: the margin by which the better answer is to win, in units of the reward."""
    cpo_alpha: float = Field(ge=0, default_factory=lambda known: 0.0 if known.get("loss") == "simpo" else 1.0)
    """cpo, simpo: weight of imitating the chosen answer beside preferring it."""
    good_weight: Annotated[float, INLINE_DEFAULT, Field(gt=0)] = 1.0
    """kto: weight of the good answers; raise it when they are few."""
    bad_weight: Annotated[float, INLINE_DEFAULT, Field(gt=0)] = 1.0
    """kto: weight of the bad answers; raise it when they are few."""
    reference: Literal["once", "live"] = "once"
    """When the reference is asked: once before the training, or live in every step (second model, or adapters off)."""
    reward: dict[Literal["model", "function"], Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)
    """Prompts alone: who tells the better of the model's own answers, {model: FOLDER} or {function: FILE.py:NAME}."""
    trust_reward_code: Annotated[bool, NOT_IN_SCRIPT] = False
    """Asks to run the Python file of the reward; you are shown it, with its hash, before it runs the first time."""
    reward_sha256: Annotated[str, INLINE_DEFAULT, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    """SHA-256 of the reward file as you agreed to it, written when the run is made; the script refuses another file."""
    chat_template: Annotated[Literal["auto", "own", "plain"], INLINE] = "auto"
    """The model's own chat template, or the plain one (### User / ### Assistant) for a model that has none."""
    samples: Annotated[int, Field(ge=0, le=50)] = 3
    """How many test prompts are answered before and after the training, to compare by eye."""
    max_new_tokens: Annotated[int, Field(ge=1, le=4096)] = 64
    """Longest sample answer, in tokens."""

    @model_validator(mode="after")
    def _smoothing(self) -> "PreferObjective":
        if SMOOTHED.get(self.loss) and not self.label_smoothing:
            usual = SMOOTHED[self.loss]
            raise ValueError(f"{self.loss} reckons with wrong preferences; set label_smoothing above 0 ({usual:g})")
        if self.reward:
            check_reward(self.reward)
        if self.label_smoothing and self.loss not in SMOOTHED:
            raise ValueError(f"{self.loss} knows no label_smoothing; set it to 0, or take one of {', '.join(SMOOTHED)}")
        return self


class PreferTraining(Truncating):
    """How fast and how carefully."""


class PreferRun(BaseRun):
    """Prefer the better of two answers: preference tuning (DPO and its variants)."""

    goal: Annotated[Literal["prefer"], CHOOSES_PART] = "prefer"
    """Preference tuning."""
    data: PreferData
    """Which rows."""
    method: PreferMethod = Lora()
    """Which weights change."""
    objective: PreferObjective = PreferObjective()
    """What is learned from a row."""
    training: PreferTraining = PreferTraining()
    """How it is trained."""

    @model_validator(mode="after")
    def _goes_together(self) -> "PreferRun":
        loss = self.objective.loss
        self._check_alone()
        if "label" in self.data.columns and trainer_of(loss) != "kto":
            raise ValueError(f"{loss} compares two answers, and these are judged one by one; set objective.loss to kto")
        if loss == "kto" and self.training.batch == 1:
            raise ValueError("kto measures the drift on the other answers of a batch; set training.batch to 2 or more")
        if loss not in WITHOUT_REFERENCE and self.objective.reference == "live":
            start = getattr(self.method, "init", "default")
            if start in CHANGES_BASE:
                raise ValueError(f"an adapter that begins as {start} changes the base; set objective.reference to once")
        if loss not in WITHOUT_REFERENCE and "lm_head" in getattr(self.method, "targets", ""):
            raise ValueError("the log-probabilities pass by an adapter on lm_head; leave it out of method.targets")
        return self

    def _check_alone(self) -> None:
        lonely = alone(self.data.columns)
        if lonely and not self.objective.reward:
            raise ValueError("prompts alone hold no preferences; say in objective.reward who judges, or map answers")
        if self.objective.reward and self.data.columns and not lonely:
            raise ValueError("a reward judges answers that the model writes; map the prompt alone, or empty the reward")
        if lonely and not self.data.temperature:
            raise ValueError("likeliest answers are all the same; set data.temperature above 0, for instance to 1")

    def parts(self) -> dict[str, str]:
        """Return the trainer of this loss, and the parts that make pairs or labeled answers of the rows."""
        trainer = trainer_of(self.objective.loss)
        found = {"preference.trainer": trainer, "preference.rows": "pairs"} | self._sources()
        return {"verdicts": "from_pairs", **found, "preference.rows": "verdicts"} if trainer == "kto" else found

    def _sources(self) -> dict[str, str]:
        known = set(self.data.columns)
        if "label" in known:
            return {"verdicts": "given", "turns": turns(known)["turns"]}
        if alone(known):
            return {"pairs": "sampled", "reward": payer(self.objective.reward)}
        return {"pairs": "from_sft", **turns(known)} if _imitated(known) else {"pairs": pairs(known)}


def trainer_of(loss: str) -> str:
    """Return the part under preference/trainer that trains with a loss."""
    return TRAINERS.get(loss, "dpo")


def _imitated(roles: set[str]) -> bool:
    """Return whether rows hold one good answer each."""
    try:
        return turns(roles).get("tokens") == "chat"
    except Problem:
        return False
