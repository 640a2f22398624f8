"""Whatever form rows come in, the script reads them as the look showed them, and their first goal trains on them."""

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.config import plain
from engine.data import DataFacts, look
from engine.data.stream import shortened
from engine.draft import Facts
from engine.guide import recommend
from engine.model import look as look_at_model
from tests.facts import SHARED, machine
from tests.forge import several_bare
from tests.tiny import COLOURS, THINGS
from tests.training import create

pytestmark = [pytest.mark.extended, pytest.mark.timeout(600)]
FORMATS = SHARED / "data" / "formats"
REWARD = """
def pay(prompts, completions, **columns):
    return [float(len(str(completion)) % 7) for completion in completions]
"""
TEXTS = [f"What colour has the {THINGS[n % 10]} with number {n}?" for n in range(16)]
ANSWERS = [f"It is {COLOURS[n % 8]}, as the {THINGS[n % 10]} before it was." for n in range(16)]
LONG = "The fox goes home over the hill and through the wood, where a baker lives. " * 3


def written(path: Path, value: Any, encoding: str = "utf-8") -> Path:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding=encoding)
    return path


def lines(path: Path, rows: Iterator[Any] | list[Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def wrapped_in_utf_16(folder: Path) -> Path:
    rows = [{"instruction": text, "input": "", "output": said} for text, said in zip(TEXTS, ANSWERS, strict=True)]
    return written(folder / "wrapped.json", {"version": 1, "data": rows}, "utf-16")


def headerless_classes(folder: Path) -> Path:
    path = folder / "classes.csv"
    rows = [f'"{text}";{("käthe", "münchen")[n % 2]}' for n, text in enumerate(TEXTS)]
    path.write_text("\r\n".join(rows) + "\r\n", encoding="cp1252")
    return path


def numbers_that_are_words(folder: Path) -> Path:
    path = folder / "codes.tsv"
    path.write_text("text\tlabel\n" + "".join(f"{text}\t00{n % 2}\n" for n, text in enumerate(TEXTS)))
    return path


def packed_conversations(folder: Path) -> Path:
    talks = [
        [{"from": "human", "value": text}, {"from": "gpt", "value": said}]
        for text, said in zip(TEXTS, ANSWERS, strict=True)
    ]
    path = folder / "talks.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps({"conversations": talk}) + "\n" for talk in talks).encode()))
    return path


def conversations_as_text(folder: Path) -> Path:
    talks = [
        json.dumps([{"role": "user", "content": text}, {"role": "assistant", "content": said}])
        for text, said in zip(TEXTS, ANSWERS, strict=True)
    ]
    return lines(folder / "texts.jsonl", [{"text": talk} for talk in talks])


def documents_with_questions(folder: Path) -> Path:
    found = [
        {
            "title": f"page {n}",
            "paragraphs": [
                {
                    "context": f"{LONG} {TEXTS[n]} {ANSWERS[n]}",
                    "qas": [
                        {"id": str(n), "question": TEXTS[n], "answers": [{"text": COLOURS[n % 8], "answer_start": 9}]}
                    ],
                }
            ],
        }
        for n in range(16)
    ]
    return written(folder / "documents.json", {"version": "1.1", "data": found})


def keyed_pairs(folder: Path) -> Path:
    rows = {str(n): {"query": text, "passage": said} for n, (text, said) in enumerate(zip(TEXTS, ANSWERS, strict=True))}
    return written(folder / "keyed.json", rows)


def ranked(folder: Path) -> Path:
    rows = [
        {"question": text, "answers": [{"text": said, "score": 3}, {"text": "No.", "score": 1}]}
        for text, said in zip(TEXTS, ANSWERS, strict=True)
    ]
    return lines(folder / "ranked.jsonl", rows)


OWN: dict[Callable[[Path], Path], tuple[str, str]] = {
    wrapped_in_utf_16: ("sft", "none"),
    headerless_classes: ("classify", "none"),
    numbers_that_are_words: ("classify", "none"),
    packed_conversations: ("sft", "chats"),
    conversations_as_text: ("sft", "chats"),
    documents_with_questions: ("embed", "questions"),
    keyed_pairs: ("embed", "none"),
    ranked: ("prefer", "ranked_answers"),
}


def described(facts: DataFacts, folder: Path, models: dict[str, Path]) -> dict[str, Any]:
    """A run of two steps for the first goal that the rows suit, with all that the guide would choose."""
    goal = facts.suits[0].goal
    reads = goal in ("embed", "classify")
    model = models["bert" if reads else "llama"]
    asked: dict[str, Any] = {
        "goal": goal,
        "model": {"id": str(model)},
        "data": {"train": facts.path, **({"test": facts.path} if facts.rows < 12 else {})},
        "method": {"kind": "lora"},
        "training": {
            "max_steps": 2,
            "batch": 2,
            "max_length": 64 if reads else 512,
            "threads": 1,
            "save_every": 2,
            "evaluate_every": 2,
        },
        "launch": {"device": "cpu"},
    }
    if goal == "reinforce":
        reward = {"function": f"{folder / 'reward.py'}:pay"}
        asked["objective"] = {"reward": reward, "trust_reward_code": True, "samples": 0, "max_new_tokens": 8}
    elif goal in ("sft", "prefer"):
        asked["objective"] = {"samples": 0}
    return plain(recommend(asked, Facts(machine(), look_at_model(str(model)), facts)).run)


def check_same_rows(facts: DataFacts, read: list[dict[str, Any]]) -> None:
    """Hold the first rows of the script to those of the preview, in the columns that play a role."""
    suit = facts.suits[0]
    shown = facts.converted[suit.convert] if suit.convert != "none" else facts.examples
    for before, after in zip(shown, read, strict=False):
        for column in suit.columns.values():
            seen, got = filled(before.get(column)), filled(shortened(after).get(column))
            whole = facts.suits[0].goal == "pretrain"
            assert got == seen or (whole and seen in str(after[column])), (facts.path, column)


def filled(value: Any) -> Any:
    """A value without the empty fields that a table of objects adds."""
    if isinstance(value, dict):
        return {name: filled(inner) for name, inner in value.items() if inner is not None}
    return [filled(inner) for inner in value] if isinstance(value, list) else "" if value is None else value


def train_all(found: list[DataFacts], folder: Path, models: dict[str, Path]) -> None:
    """Train two steps on each, in one process, and hold rows and results to what was promised."""
    (folder / "reward.py").write_text(REWARD)
    runs = [create(described(facts, folder, models), folder / str(n)) for n, facts in enumerate(found)]
    for facts, run, told in zip(found, runs, several_bare(runs, rows=3), strict=True):
        assert told.get("error") is None, (facts.path, told["error"])
        check_same_rows(facts, told["rows"])
        assert told["results"]["train_rows"] > 0, facts.path
        assert len(list(run.glob("output/checkpoint-2"))) == 1, facts.path


def test_rows_in_odd_forms_are_trained_on_as_they_were_shown(tmp_path: Path, llama: Path, bert: Path) -> None:
    found = [look(str(make(tmp_path))) for make in OWN]
    assert [(facts.suits[0].goal, facts.suits[0].convert) for facts in found] == list(OWN.values())
    train_all(found, tmp_path, {"llama": llama, "bert": bert})


@pytest.mark.skipif(not FORMATS.is_dir(), reason="the shared real data is not on this machine")
def test_every_real_format_trains_for_its_first_goal(tmp_path: Path, llama: Path, bert: Path) -> None:
    with (FORMATS / "labels.csv").open(newline="", encoding="utf-8") as stream:
        files = [row["file"] for row in csv.DictReader(stream)]
    seen: dict[Any, DataFacts] = {}
    for file in files:
        facts = look(str((FORMATS / file).resolve()))
        if facts.suits:
            kind = (facts.format, facts.suits[0].goal, facts.suits[0].convert)
            seen.setdefault(kind, facts)
    assert len(seen) >= 20
    train_all(list(seen.values()), tmp_path, {"llama": llama, "bert": bert})
