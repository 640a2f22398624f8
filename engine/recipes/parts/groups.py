"""What RLOO and GRPO share: several answers to one prompt are compared, and one set of curves tells of both."""

from collections.abc import Callable, Sequence
from typing import Any

from datasets import Dataset
from peft import PeftModel
from torch.utils.data import Sampler
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from trl.trainer.utils import RepeatSampler

from engine.recipes.parts.arguments import ACCUMULATE, arguments
from engine.recipes.parts.base import REVISION, TRUST_REMOTE_CODE
from engine.recipes.parts.policy_test import earned
from engine.recipes.parts.questions import Question
from engine.recipes.parts.reading import BATCH
from engine.recipes.parts.reference import make_reference
from engine.recipes.parts.rollout import SAMPLING_TEMPERATURE
from engine.recipes.parts.samples import MAX_NEW_TOKENS
from engine.recipes.parts.trained_dtype.chosen import store_trained
from engine.recipes.parts.trust_region import CLIP, ITERATIONS, KL_COEF

GENERATIONS: int = 0  # answers to one prompt that are compared; a divisor of the answers of a step


def group_arguments(prompts: int) -> dict[str, Any]:
    """Return what both trainers are told; too few prompts for one step are refused."""
    wanted = BATCH * ACCUMULATE // GENERATIONS
    if prompts < wanted:
        raise ValueError(
            f"{prompts} training prompts are fewer than the {wanted} of one step: lower training.batch or "
            "training.accumulate, or bring more prompts"
        )
    return {
        **arguments(),
        "num_generations": GENERATIONS,
        "num_generations_eval": 1,
        "max_completion_length": MAX_NEW_TOKENS,
        "temperature": SAMPLING_TEMPERATURE,
        "num_iterations": ITERATIONS,
        "epsilon": CLIP,
        "beta": KL_COEF,
        "model_init_kwargs": {"revision": REVISION, "trust_remote_code": TRUST_REMOTE_CODE},  # of the reference alone
        "metric_for_best_model": "eval_reward",
        "greater_is_better": True,
    }


class EpochSampler(RepeatSampler):
    """Gives every epoch an order of its own: a run that is resumed in a later epoch sees the same prompts."""

    def set_epoch(self, epoch: int) -> None:
        """Begin the order of this epoch; the trainer calls it."""
        self.generator.manual_seed(self.seed + epoch)


class WholeGroups(TrainerCallback):
    """Puts off checkpoints and evaluations until the present answers are done with: they are not part of either."""

    flags = ("should_evaluate", "should_save")

    def __init__(self) -> None:
        """Begin with nothing put off."""
        self.due: set[str] = set()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Do at the last step of a set of answers what was asked for in any of its steps."""
        self.due |= {flag for flag in self.flags if getattr(control, flag)}
        last = state.global_step % ITERATIONS == 0 or control.should_training_stop
        for flag in self.flags:
            setattr(control, flag, last and flag in self.due)
        self.due = set() if last else self.due
        return control


class Grouped(Trainer):
    """What is the same in both trainers: how they are measured, and the order of their prompts."""

    control: TrainerControl
    prompts: tuple[list[Question], list[Question]]
    pay: Callable[[Sequence[Question], Sequence[str]], list[float]]

    def _get_train_sampler(self, dataset: Dataset | None = None) -> Sampler[int]:
        """Return the trainer's own order, one for every epoch."""
        known = super()._get_train_sampler(dataset)
        size, again = known.batch_size, known.repeat_count
        return EpochSampler(known.data_source, known.mini_repeat_count, size, again, known.shuffle, known.seed)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Measure what the policy earns on the test prompts, and tell it."""
        self.callback_handler.eval_dataloader = range(0, len(self.prompts[1]), BATCH)  # for the progress

        def tell() -> None:
            self.control = self.callback_handler.on_prediction_step(self.args, self.state, self.control)

        reference = make_reference(self.model, self.ref_model)
        metrics = earned(self.model, reference, self.processing_class, self.prompts[1], self.pay, tell)
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


def compared(
    trainer_class: type[Grouped],
    told: TrainingArguments,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: tuple[list[Question], list[Question]],
    pay: Callable[[Sequence[Question], Sequence[str]], list[float]],
    callbacks: Sequence[TrainerCallback],
) -> Grouped:
    """Return the trainer; its rows hold numbers for the columns, so that none can be taken for one of its own."""

    def reward(completions: list[Any], row: list[int], **_: Any) -> list[float]:
        return pay([prompts[0][number] for number in row], [turns[-1]["content"] for turns in completions])

    model.eval()  # dropout rests until the training begins
    tokenizer.padding_side = "left"
    trainer = trainer_class(
        model=model,
        reward_funcs=reward,
        args=told,
        train_dataset=Dataset.from_list([{"prompt": one.turns, "row": row} for row, one in enumerate(prompts[0])]),
        eval_dataset=Dataset.from_list([{"prompt": one.turns, "row": row} for row, one in enumerate(prompts[1])]),
        processing_class=tokenizer,
        callbacks=[*callbacks, *([WholeGroups()] if ITERATIONS > 1 else [])],
    )
    trainer.prompts, trainer.pay = prompts, pay
    if isinstance(model, PeftModel):
        model.delete_adapter("ref")  # a copy that the trainer makes; a new adapter that is off is the same
    store_trained(trainer.model)
    if trainer.ref_model is not None:  # it was read from the hub or disk: the policy may be the result of another run
        trainer.ref_model.load_state_dict(trainer.model.state_dict())
    return trainer
