"""Learn from a larger model: its probabilities for every token of the answers, measured before and after."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from datasets import Dataset
from peft import PeftModel, TaskType
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback, TrainingArguments
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from engine.recipes.parts.adapter.full import adapt
from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.begin import begin
from engine.recipes.parts.distance import kl
from engine.recipes.parts.imitating import imitate
from engine.recipes.parts.language_model.plain import load_model
from engine.recipes.parts.method_check import check_method
from engine.recipes.parts.predictions import predictions
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.samples import SAMPLES, answers
from engine.recipes.parts.teacher import TEACHER, load_teacher, load_teacher_tokenizer
from engine.recipes.parts.token_trainer import TokenTrainer
from engine.recipes.parts.tokenizer import load_tokenizer
from engine.recipes.parts.tokens.chat import prompts, tokenize

DIVERGENCE: str = "forward"  # forward KL covers all that the teacher may say, reverse keeps to what it says most
TEMPERATURE: float = 2.0  # softness of the probabilities that are compared; 1: as they are
ANSWER_WEIGHT: float = 0.5  # share of the ordinary loss on the answers; the rest is the divergence


def difference(tokenizer: PreTrainedTokenizerBase, teacher: PreTrainedTokenizerBase, rows: Dataset) -> str | None:
    """Return a token or a text that is not the same to student and teacher, or None."""
    known = teacher.get_vocab()
    for token, number in tokenizer.get_vocab().items():
        if known.get(token) != number:
            return str(token)
    for tokens in rows.select(range(min(16, len(rows))))["input_ids"]:
        text = tokenizer.decode(tokens, skip_special_tokens=True)
        ours, theirs = (each(text, add_special_tokens=False)["input_ids"] for each in (tokenizer, teacher))
        if ours != theirs:
            return str(text)
    return None


def check_same_tokens(tokenizer: PreTrainedTokenizerBase, rows: Dataset) -> None:
    """Refuse a teacher that would read the student's tokens as other tokens."""
    other = difference(tokenizer, load_teacher_tokenizer(), rows)
    if other is not None:
        raise ValueError(
            f"objective.teacher: {TEACHER} has another tokenizer ({other[:40]!r} is not the same to both), so its "
            "probabilities can't be compared: set objective.imitate=text to learn from what it writes"
        )


class Distiller(TokenTrainer):
    """Learns the teacher's distribution over the next token (Hinton et al. 2015, arXiv:1503.02531)."""

    teacher: PreTrainedModel

    def both(self, student: torch.Tensor, inputs: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return teacher's and student's logits over the tokens of both: padding may give vocabularies two sizes."""
        with torch.no_grad():
            answered = self.teacher(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
        teacher, _ = predictions(answered.logits, inputs["labels"])
        width = min(student.shape[1], teacher.shape[1])
        return teacher[:, :width], student[:, :width]

    def losses(self, logits: torch.Tensor, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return w * cross-entropy + (1 - w) * T^2 * KL of each token; T^2 keeps the gradient's size at any T."""
        predicted, tokens = predictions(logits, inputs["labels"])
        teacher, student = self.both(predicted, inputs)
        apart = kl(teacher, student, TEMPERATURE) if DIVERGENCE == "forward" else kl(student, teacher, TEMPERATURE)
        own = functional.cross_entropy(predicted, tokens, reduction="none")
        return ANSWER_WEIGHT * own + (1 - ANSWER_WEIGHT) * TEMPERATURE**2 * apart

    def measures(self, logits: torch.Tensor, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return the student's loss, the teacher's own as a yardstick, and KL(teacher || student) at temperature 1."""
        predicted, tokens = predictions(logits, inputs["labels"])
        teacher, student = self.both(predicted, inputs)
        return {
            "loss": functional.cross_entropy(predicted, tokens, reduction="none"),
            "teacher_loss": functional.cross_entropy(teacher, tokens, reduction="none"),
            "kl": kl(teacher, student, 1.0),
        }


def make_trainer(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: tuple[Dataset, Dataset],
    callbacks: Sequence[TrainerCallback],
) -> Distiller:
    """Return the trainer with its teacher; the checkpoint that is closest to the teacher is the best."""
    trainer = Distiller(
        model=model,
        args=TrainingArguments(**arguments(), metric_for_best_model="eval_kl", greater_is_better=False),
        data_collator=DataCollatorForLanguageModeling(pad_token_id=tokenizer.pad_token_id),
        train_dataset=rows[0],
        eval_dataset=rows[1],
        processing_class=tokenizer,
        callbacks=list(callbacks),
    )
    trainer.teacher = load_teacher()
    return trainer


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Train, measure before and after, save the best model, and return the results."""
    begin()
    check_method(TaskType.CAUSAL_LM)
    tokenizer = load_tokenizer()
    train, test = read_rows()
    rows = tokenize(train, tokenizer), tokenize(test, tokenizer)
    check_same_tokens(tokenizer, rows[0])
    asked = prompts(test, tokenizer, SAMPLES)
    trainer = make_trainer(adapt(load_model(), TaskType.CAUSAL_LM), tokenizer, rows, callbacks)
    shown = partial(answers, trainer.teacher, tokenizer, [tokens for _, tokens in asked])
    return imitate(trainer, tokenizer, asked, shown, callbacks)


if __name__ == "__main__":
    main()
