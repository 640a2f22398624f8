"""The embedded example: our own questions and passages about facts that a reader can check.

The facts are tables under presets/demo (elements, countries, rivers, books …); templates turn every row into a passage
and into questions that use other words than the passage, so that there is something to learn. No network, no torch.
"""

import csv
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from engine.problem import Problem, nearest
from engine.tables import FOLDER

SEED = 7
TINY_MODEL = "tiny-model"
"""Name of the folder beside the rows in which the demonstration's model is made."""
GOALS = ("embed", "sft")


@dataclass(frozen=True, slots=True)
class Fact:
    """One checkable fact: its passage, and pairs of a question and the short answer."""

    topic: str
    passage: str
    asked: tuple[tuple[str, str], ...]


@cache
def facts() -> tuple[Fact, ...]:
    """Return all facts, always the same and in the same order."""
    chance = random.Random(SEED)
    templates = json.loads((FOLDER / "demo" / "templates.json").read_text(encoding="utf-8"))
    return tuple(_fact(template, row, chance) for template in templates for row in _rows(template, template["table"]))


def _rows(template: dict[str, Any], table: str) -> Iterator[dict[str, str]]:
    """Rows of the template's table that fill all its gaps: a fact that a row does not have is left out."""
    wanted = f"{template['passages']} {template['questions']}"
    with (FOLDER / "demo" / f"{table}.tsv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
            if all(cell or f"{{{name}}}" not in wanted for name, cell in row.items()):
                yield row


def _fact(template: dict[str, Any], row: dict[str, str], chance: random.Random) -> Fact:
    passage = chance.choice(template["passages"])
    asked = [(_sentence(question, row), _sentence(answer, row)) for question, answer in template["questions"]]
    return Fact(template["topic"].format_map(row), _sentence(passage, row), tuple(asked))


def _sentence(template: str, row: dict[str, str]) -> str:
    text = template.format_map(row)
    return text[0].upper() + text[1:]


def write_embed(folder: Path) -> Path:
    """Write pairs.jsonl, a question and its passage a line; equal topics are about one thing."""
    rows = [
        {"question": question, "passage": fact.passage, "topic": fact.topic}
        for fact in facts()
        for question, _ in fact.asked
    ]
    return _write(rows, folder / "pairs.jsonl")


def write_sft(folder: Path) -> Path:
    """Write answers.jsonl, a prompt and its completion a line."""
    rows = [{"prompt": question, "completion": answer} for fact in facts() for question, answer in fact.asked]
    return _write(rows, folder / "answers.jsonl")


def _write(rows: list[dict[str, str]], path: Path) -> Path:
    random.Random(SEED).shuffle(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def answers(goal: str, folder: Path) -> dict[str, Any]:
    """Return the sparse answers of the demonstration's run; its rows and its tiny model lie in `folder`."""
    if goal not in GOALS:
        raise Problem(f"there is no demonstration of '{goal}'", advice=nearest(goal, GOALS), code="goal")
    model = {"id": str(folder / TINY_MODEL)}
    common = {"goal": goal, "model": model, "method": {"kind": "full"}, "output": {"name": f"demo-{goal}"}}
    return {**common, **(_embed(folder) if goal == "embed" else _sft(folder))}


def _embed(folder: Path) -> dict[str, Any]:
    return {
        "data": {
            "train": str(folder / "pairs.jsonl"),
            "test_fraction": 0.2,
            "group": "topic",
            "columns": {"anchor": "question", "positive": "passage"},
        },
        "objective": {"matryoshka": [128, 64, 32, 16], "best_dimension": 128},
        "training": {
            "epochs": 4,
            "batch": 64,
            "accumulate": 1,
            "learning_rate": 1e-3,
            "warmup": 0.1,
            "max_length": 64,
            "evaluate_every": 12,
            "save_every": 12,
        },
    }


def _sft(folder: Path) -> dict[str, Any]:
    return {
        "data": {
            "train": str(folder / "answers.jsonl"),
            "test_fraction": 0.1,
            "columns": {"prompt": "prompt", "completion": "completion"},
        },
        "training": {
            "epochs": 4,
            "batch": 32,
            "accumulate": 1,
            "learning_rate": 3e-3,
            "warmup": 0.1,
            "max_length": 96,
            "evaluate_every": 25,
            "save_every": 25,
        },
    }
