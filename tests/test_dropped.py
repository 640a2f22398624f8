"""What a run leaves out stands in dropped.jsonl with the reason: what the look counted, and nothing else."""

import json
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine import document
from engine.data import look
from engine.data.checks.examination import Asked, check
from engine.problem import Problem
from tests.forge import several_bare
from tests.training import create

pytestmark = pytest.mark.slow
WORDS = [
    "hill",
    "wood",
    "river",
    "house",
    "baker",
    "fox",
    "stone",
    "lamp",
    "cloud",
    "bird",
    "coat",
    "chair",
    "door",
    "boat",
    "green",
    "black",
]


def told(number: int) -> str:
    """A sentence that is like no other."""
    return " ".join(random.Random(number).choices(WORDS, k=12)) + f" number {number}."


def rows() -> list[dict[str, str]]:
    """Clean rows, and among them every kind that can be left out."""
    clean = [{"prompt": told(n), "completion": told(n + 1000)} for n in range(40)]
    spoiled = {
        "mojibake": "It is cafÃ© time, says the fox on the hill.",
        "html": "It is <b>bold</b> to say so on a hill.",
        "secret": "Take AKIAABCDEFGHIJKLMNOP with you to the hill.",
        "personal_data": "Write to baker.fox@hill-house.org about it.",
        "control_character": "It is \x07 loud on the hill of the fox.",
        "unfinished_answer": "the fox goes over the hill and then through the wood to the river and",
    }
    bad = [{"prompt": f"{told(2000 + n)} {code}", "completion": text} for n, (code, text) in enumerate(spoiled.items())]
    near = {"prompt": clean[7]["prompt"], "completion": clean[7]["completion"].replace("number", "numbers")}
    return [*clean, *bad, dict(clean[3]), near, {"prompt": told(5000), "completion": "  "}]


CODES = ["mojibake", "html", "secret", "personal_data", "control_character", "unfinished_answer"]
DOUBLED = ["duplicate_row", "near_duplicate"]


def described(train: Path, model: Path, goal: str, columns: dict[str, str], **data: Any) -> dict[str, Any]:
    small: dict[str, Any] = {"chat_template": "plain", "samples": 0} if goal in ("sft", "prefer") else {}
    if goal == "embed":
        small = {"matryoshka": [64, 32], "best_dimension": 64}
    return {
        "goal": goal,
        "model": {"id": str(model), "dtype": "fp32", "attention": "sdpa"},
        "data": {"train": str(train), "test_fraction": 0.2, "columns": columns, **data},
        "method": {"kind": "lora", "rank": 4, "alpha": 8},
        "objective": small,
        "training": {"max_steps": 2, "batch": 2, "max_length": 128, "precision": "fp32", "threads": 1, "learning_rate": 5e-3, "evaluate_every": 2, "save_every": 2},
        "launch": {"device": "cpu"},
    }  # fmt: skip


def lines(path: Path, values: list[Any]) -> Path:
    path.write_text("".join(each if isinstance(each, str) else json.dumps(each) + "\n" for each in values))
    return path


def dropped(folder: Path) -> list[dict[str, Any]]:
    path = folder / "dropped.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def counted(path: Path, goal: str, test: str = "") -> dict[str, int | None]:
    """How many rows each check of the look complains about."""
    facts = look(str(path))
    columns = next(suit.columns for suit in facts.suits if suit.goal == goal)
    return {problem.code: problem.count for problem in check(facts, Asked(goal, columns, test)) if problem.rows}


def test_rows_are_left_out_as_the_look_counted_them_and_written_down(tmp_path: Path, llama: Path, bert: Path) -> None:
    pairs = {"prompt": "prompt", "completion": "completion"}
    plain = lines(tmp_path / "plain.jsonl", rows())
    tests = lines(
        tmp_path / "tests.jsonl", [rows()[5], *({"prompt": told(n), "completion": told(-n)} for n in range(6000, 6010))]
    )
    choices = [
        {"prompt": told(n), "chosen": told(n + 1), "rejected": told(n + 2 if n % 5 else n + 1)} for n in range(20)
    ]
    chosen = lines(tmp_path / "chosen.jsonl", choices)
    shared = [{"anchor": told(n), "positive": told(n // 2 if n < 10 else n) * 2} for n in range(24)]
    positives = lines(tmp_path / "positives.jsonl", shared)
    kinds = [{"text": told(n), "label": "rare" if n == 5 else ("home", "away")[n % 2]} for n in range(24)]
    classes = lines(tmp_path / "classes.jsonl", kinds)
    broken = lines(tmp_path / "broken.jsonl", [*rows()[:12], '{"prompt": "cut\n', *rows()[12:40], "[1, 2\n"])
    asked: list[tuple[dict[str, Any], Counter[str]]] = [
        (described(plain, llama, "sft", pairs), Counter({"empty_field": 1})),
        (described(plain, llama, "sft", pairs, drop=[*CODES, *DOUBLED]), Counter([*CODES, *DOUBLED, "empty_field"])),
        (described(plain, llama, "sft", pairs, drop=["leakage"], test=str(tests)), Counter(leakage=1, empty_field=1)),
        (described(chosen, llama, "prefer", {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}, drop=["chosen_equals_rejected"]), Counter(chosen_equals_rejected=4)),
        (described(positives, bert, "embed", {"anchor": "anchor", "positive": "positive"}, drop=["duplicate_positive"]), Counter(duplicate_positive=5)),
        (described(classes, bert, "classify", {"text": "text", "label": "label"}, drop=["small_class"]), Counter(small_class=1)),
        (described(broken, llama, "sft", pairs, drop=["broken_row"], reader="lines"), Counter(broken_row=2)),
    ]  # fmt: skip
    folders = [create(run, tmp_path / str(n)) for n, (run, _) in enumerate(asked)]
    for folder, (run, wanted), result in zip(folders, asked, several_bare(folders, rows=0), strict=True):
        assert result.get("error") is None, result["error"]
        gone = dropped(folder)
        assert Counter(each["reason"] for each in gone) == wanted
        assert all(each["from"] == run["data"]["train"] for each in gone)
    assert [each["row"] for each in dropped(folders[6])] == [13, 42]
    assert counted(plain, "sft") == {**dict.fromkeys([*CODES, *DOUBLED], 1), "empty_field": 1}
    assert counted(plain, "sft", str(tests))["leakage"] == 1
    assert counted(chosen, "prefer")["chosen_equals_rejected"] == 4
    assert counted(positives, "embed")["duplicate_positive"] == 5
    assert counted(classes, "classify")["small_class"] == 1
    before = (folders[1] / "dropped.jsonl").read_text()
    shutil.rmtree(folders[1] / "output" / "model", ignore_errors=True)
    (folders[1] / "told.json").unlink()
    again = several_bare([folders[1]], rows=0)
    assert again[0].get("error") is None
    assert (folders[1] / "dropped.jsonl").read_text() == before


def test_broken_rows_are_left_out_only_by_a_reader_that_can(tmp_path: Path, llama: Path) -> None:
    run = described(
        tmp_path / "rows.jsonl", llama, "sft", {"prompt": "p", "completion": "c"}, drop=["broken_row"], reader="library"
    )
    with pytest.raises(Problem, match=r"data\.reader is lines or table"):
        document.check(run)
