"""What the teacher writes for every prompt: asked once, kept in the output folder, learned as the rows' answers."""

import json
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from engine.recipes.parts.conversation import plain_template, render
from engine.recipes.parts.data.left_out import left_out
from engine.recipes.parts.output import output
from engine.recipes.parts.reading import BATCH, MAX_LENGTH
from engine.recipes.parts.teacher import load_teacher
from engine.recipes.parts.turns.prompt_completion import messages

ANSWER_TOKENS: int = 256  # longest text that the teacher writes for a prompt


def with_room(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row with a place for the answer: prompts alone have none yet."""
    return {"completion": "", **row} if "prompt" in row else row


def question(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the turns up to the last answer of the assistant; what the row itself answers there is not shown."""
    turns = messages(with_room(row))
    last = max((place for place, turn in enumerate(turns) if turn["role"] == "assistant"), default=len(turns))
    return turns[:last]


def answered(row: dict[str, Any], text: str) -> dict[str, Any]:
    """Return the row with the teacher's text in the place of its own last answer."""
    if "messages" in row:
        return {**row, "messages": [*question(row), {"role": "assistant", "content": text}]}
    return {**row, "output" if "instruction" in row else "completion": text}


def known_lines(file: Path, wanted: int) -> list[str]:
    """Return the lines of whole groups; a group that a stop has cut is asked again as a whole."""
    lines = file.read_text("utf-8").splitlines(keepends=True) if file.exists() else []
    whole = [line for line in lines if line.endswith("\n")]
    return whole if len(whole) == wanted else whole[: len(whole) // BATCH * BATCH]


def spoken(teacher: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, asked: list[list[int]]) -> list[str]:
    """Return the teacher's likeliest answers to a group of tokenised prompts."""
    group = tokenizer.pad({"input_ids": asked}, padding_side="left", return_tensors="pt").to(teacher.device)
    with torch.no_grad():
        whole = teacher.generate(
            input_ids=group["input_ids"],
            attention_mask=group["attention_mask"],
            max_new_tokens=ANSWER_TOKENS,
            do_sample=False,
            pad_token_id=tokenizer.pad_token_id,
        )
    texts = tokenizer.batch_decode(whole[:, group["input_ids"].shape[1] :], skip_special_tokens=True)
    return [text.strip() for text in texts]


def teacher_texts(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """Return the teacher's text for every row, asked in groups of BATCH that are kept as soon as they are known."""
    if tokenizer.chat_template is None:
        tokenizer.chat_template = plain_template()
    questions = [question(row) for row in rows]
    file = output() / "teacher_texts.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    known = known_lines(file, len(rows))
    file.write_text("".join(known), "utf-8")
    if len(known) < len(rows):
        teacher = load_teacher()
        for start in tqdm(range(len(known), len(rows), BATCH), desc="the teacher answers", unit="batch"):
            group = questions[start : start + BATCH]
            asked = [render(turns, None, tokenizer, ask=True)[-MAX_LENGTH:] for turns in group]
            with file.open("a", encoding="utf-8") as lines:
                for turns, text in zip(group, spoken(teacher, tokenizer, asked), strict=True):
                    lines.write(json.dumps({"prompt": turns[-1]["content"], "answer": text}) + "\n")
    return [json.loads(line)["answer"] for line in file.read_text("utf-8").splitlines()]


def imitated(rows: Dataset, texts: list[str]) -> Dataset:
    """Return the rows with the teacher's texts as their answers; rows for which it wrote nothing are left out."""
    whole = [answered(row, text) for row, text in zip(rows, texts, strict=True) if text]
    left_out(rows, ["" if text else "teacher_silent" for text in texts], "prompts", numbered=False)
    return Dataset.from_list(whole)
