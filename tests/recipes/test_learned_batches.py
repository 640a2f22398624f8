"""A run from whose batches nothing would be learned ends before its first step and says why, each cause by its name."""

import json
import shutil
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from tests import tiny
from tests.forge import _run, _work, forge
from tests.tiny import write_rows
from tests.training import create, values

pytestmark = pytest.mark.slow
LABELS = '"labels": [-100] * len(prompt) + answer[:room]'
KEPT = "max(MAX_LENGTH - len(answer), MAX_LENGTH // 2)"


def stopped(described: dict, root: Path, edit: tuple[str, str] = ("", "")) -> dict:
    """Train a run, whose script somebody may have edited, and return how it failed; no step was made."""
    folder = create(described, root)
    script = folder / "train.py"
    text = script.read_text()
    assert edit[0] in text
    script.write_text(text.replace(*edit, 1) if edit[0] else text)
    assert _run(_work, folder) == 1
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert not [event for event in events if event["type"] in ("begun", "metrics", "evaluated")]
    assert events[-1]["code"] == "nothing_learned"
    assert "tunewright tokens" in events[-1]["advice"]
    return events[-1]


def spoiled(llama: Path, folder: Path, **settings: str) -> Path:
    """The same model with other settings of its tokenizer."""
    shutil.copytree(llama, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for name, value in settings.items():
        setattr(tokenizer, name, value)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_template_that_leaves_the_answers_out(llama, tmp_path) -> None:
    template = "{% for turn in messages %}{% if turn['role'] == 'user' %}{{ turn['content'] }}\n{% endif %}{% endfor %}"
    model = spoiled(llama, tmp_path / "model", chat_template=template)
    run = values("sft", "lora", model, tmp_path)
    run["objective"]["chat_template"] = "own"
    assert "no answer begins where the chat template or the response marker says" in stopped(run, tmp_path)["message"]


def test_a_wrong_response_marker_in_an_edited_script(llama, tmp_path) -> None:
    edit = (LABELS, '"labels": [-100] * len(tokens)')
    said = stopped(values("sft", "lora", llama, tmp_path), tmp_path, edit)["message"]
    assert "the response marker" in said
    assert "colour of" in said, "a row by which it can be found"


def test_all_rows_cut_before_their_answers(llama, tmp_path) -> None:
    run = values("sft", "lora", llama, tmp_path, max_length=20)
    edit = (KEPT, "MAX_LENGTH")
    assert (
        "cut at 20 tokens, before their answers: raise training.max_length" in stopped(run, tmp_path, edit)["message"]
    )


def test_padding_that_is_the_end_of_text(llama, tmp_path) -> None:
    model = spoiled(llama, tmp_path / "model", pad_token="</s>")
    run = values("sft", "lora", model, tmp_path)
    run["data"]["train"] = str(
        write_rows(tmp_path / "ends.jsonl", [{**row, "completion": "</s>"} for row in tiny.talks()])
    )
    edit = (LABELS, f"{LABELS[:-13]}[-100 if token == end else token for token in answer]")
    assert "the padding token is the end-of-text token" in stopped(run, tmp_path, edit)["message"]


def test_padding_that_is_the_end_of_text_is_no_fault_by_itself(llama, tmp_path) -> None:
    model = spoiled(llama, tmp_path / "model", pad_token="</s>")
    _, known = forge(values("sft", "lora", model, tmp_path, max_steps=1, max_length=33), tmp_path)
    assert known.finished is not None
