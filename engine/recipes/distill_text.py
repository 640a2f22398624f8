"""Learn from a larger model: its own text for every prompt, imitated word by word, measured before and after."""

from collections.abc import Sequence
from typing import Any

from datasets import Dataset, concatenate_datasets
from peft import PeftModel, TaskType
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback, TrainingArguments
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from engine.recipes.parts.adapter.full import adapt
from engine.recipes.parts.arguments import arguments
from engine.recipes.parts.begin import begin
from engine.recipes.parts.imitating import imitate
from engine.recipes.parts.language_model.plain import load_model
from engine.recipes.parts.method_check import check_method
from engine.recipes.parts.rows import read_rows
from engine.recipes.parts.samples import SAMPLES
from engine.recipes.parts.teacher import TEACHER, load_teacher_tokenizer
from engine.recipes.parts.teacher_texts import imitated, teacher_texts
from engine.recipes.parts.token_trainer import TokenTrainer
from engine.recipes.parts.tokenizer import load_tokenizer
from engine.recipes.parts.tokens.chat import prompts, tokenize
from engine.recipes.parts.turns.prompt_completion import messages


def written(rows: tuple[Dataset, Dataset]) -> tuple[Dataset, Dataset]:
    """Return training and test rows whose last answers are the teacher's."""
    texts = teacher_texts(concatenate_datasets(list(rows)), load_teacher_tokenizer())
    made = imitated(rows[0], texts[: len(rows[0])]), imitated(rows[1], texts[len(rows[0]) :])
    if not all(made):
        raise ValueError(f"objective.teacher: {TEACHER} wrote nothing to learn from: raise objective.answer_tokens")
    return made


def make_trainer(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: tuple[Dataset, Dataset],
    callbacks: Sequence[TrainerCallback],
) -> TokenTrainer:
    """Return the trainer."""
    return TokenTrainer(
        model=model,
        args=TrainingArguments(**arguments(), metric_for_best_model="eval_loss", greater_is_better=False),
        data_collator=DataCollatorForLanguageModeling(pad_token_id=tokenizer.pad_token_id),
        train_dataset=rows[0],
        eval_dataset=rows[1],
        processing_class=tokenizer,
        callbacks=list(callbacks),
    )


def main(callbacks: Sequence[TrainerCallback] = ()) -> dict[str, Any]:
    """Let the teacher write, train, measure before and after, save the best model, and return the results."""
    begin()
    check_method(TaskType.CAUSAL_LM)
    tokenizer = load_tokenizer()
    read = read_rows()
    load_teacher_tokenizer()
    train, test = written(read)
    rows = (
        tokenize(train, tokenizer, last=True),
        tokenize(test, tokenizer, last=True),
    )  # the others aren't the teacher's
    asked = prompts(test, tokenizer, SAMPLES)
    trainer = make_trainer(adapt(load_model(), TaskType.CAUSAL_LM), tokenizer, rows, callbacks)
    shown = [messages(row)[-1]["content"] for row in test.select(range(len(asked)))]
    return imitate(trainer, tokenizer, asked, lambda: shown, callbacks)


if __name__ == "__main__":
    main()
