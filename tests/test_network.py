"""Nothing calls home: with local models and local rows no goal tries to reach anybody, from the worker or by itself."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import document, network, run_folder, script
from engine.config import RUN_TYPES
from engine.run import launch
from engine.warm import Warm
from tests.facts import T4, machine
from tests.network import Watched
from tests.tiny import labelled, pairs, talks, write_rows
from tests.training import trusted, wait

CHOSEN = [{"prompt": row["prompt"], "chosen": row["completion"], "rejected": "no"} for row in talks(16)]
ROWS: dict[str, list[dict[str, str]]] = {
    "sft": talks(16), "embed": pairs(24), "classify": labelled(60), "prefer": CHOSEN, "reward": CHOSEN, "distill": talks(16),
    "pretrain": [{"text": f"{row['prompt']} {row['completion']}. " * 6} for row in talks(24)],
    "reinforce": [{"prompt": row["prompt"], "answer": "red"} for row in talks(16)], "baseline": talks(16),
}  # fmt: skip
MORE = {"reinforce": {"reward": {"function": "builtin:contains"}, "max_new_tokens": 4}, "distill": {"teacher": "llama"}}
"""What a goal needs beside model and rows."""
DRIVER = """
import runpy, sys, threading, time
for script in sys.argv[1:]:
    runpy.run_path(script, run_name="__main__")
time.sleep(1)  # what is reported is reported by a thread of its own
"""


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, llama: Path, bert: Path) -> Callable[[str], Path]:
    """Folders of runs of two steps, with models and rows on this disk."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "llama").symlink_to(llama)
    (tmp_path / "bert").symlink_to(bert)

    def make(goal: str) -> Path:
        return run_folder.create(trusted(complete(goal, tmp_path)), tmp_path / "runs")

    return make


def complete(goal: str, folder: Path) -> Any:
    """A run of two steps, as the guide completes it."""
    from engine.guide import recommend
    from tui.commands.facts import answers_of, here

    write_rows(folder / f"{goal}.jsonl", ROWS[goal])
    asked: dict[str, Any] = {
        "goal": goal,
        "model": {"id": "bert" if goal in ("embed", "classify") else "llama"},
        "data": {"train": f"{goal}.jsonl"},
        "objective": dict(MORE.get(goal, {})),
        "training": {"batch": 4, "max_length": 64, **({} if goal == "baseline" else {"max_steps": 2})},
        "launch": {"device": "cpu"},
        "output": {"name": goal},
    }
    if "samples" in RUN_TYPES[goal].model_fields["objective"].annotation.model_fields:
        asked["objective"]["samples"] = 0
    (folder / f"{goal}.yaml").write_text(document.dump_values(asked))
    answers = answers_of(folder / f"{goal}.yaml", ())
    return recommend(answers, here(answers, machine(T4))).run


def plain_run() -> Any:
    """A run that is complete, of a model on the hub."""
    return document.check(
        {
            "goal": "sft",
            "model": {"id": "a/model", "dtype": "fp32", "attention": "sdpa"},
            "data": {"train": "rows.jsonl", "columns": {"prompt": "prompt", "completion": "completion"}},
            "objective": {"chat_template": "own"},
            "training": {"precision": "fp32"},
            "launch": {"device": "cpu"},
        }
    )


def train(scripts: list[Path], watched: Watched) -> None:
    """Execute scripts by themselves, one after the other in one process."""
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, *map(str, scripts)], env=watched.environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
def test_no_script_of_any_goal_tries_to_reach_anybody(local: Callable[[str], Path], tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    folders = [local(goal) for goal in RUN_TYPES]
    assert len(folders) == len(ROWS) == 9
    train([folder / "train.py" for folder in folders], watched)
    assert all((folder / "output" / "results.json").exists() for folder in folders)
    assert watched.calls() == []


@pytest.mark.slow
def test_the_watch_sees_what_the_libraries_would_do_otherwise(local: Callable[[str], Path], tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    folder = local("embed")
    text = (
        (folder / "train.py")
        .read_text()
        .replace("local_files_only=Path(BASE_MODEL).is_dir()", "local_files_only=False")
    )
    (folder / "train.py").write_text(re.sub(r'^os\.environ\["HF_.*$', "", text, flags=re.MULTILINE))
    train([folder / "train.py"], watched)
    assert any("huggingface.co" in call for call in watched.calls())


@pytest.mark.slow
@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
def test_no_worker_tries_to_reach_anybody(
    warm: bool, local: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path)
    folder = local("embed")
    for name in watched.unset:
        monkeypatch.delenv(name, raising=False)
    for name, value in watched.set.items():
        monkeypatch.setenv(name, value)
    waiting = Warm(run_folder.load(folder)) if warm else None
    if waiting is None:
        launch(folder)
    else:
        assert waiting.begin(folder)
    assert wait(folder).finished is not None, run_folder.tail_log(folder, 40)
    assert watched.calls() == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [("tokens", "sft.yaml"), ("estimate", "sft.yaml", "--trace")], ids=lambda words: words[0]
)
def test_no_look_at_tokens_or_memory_tries_to_reach_anybody(
    words: tuple[str, ...], local: Callable[[str], Path], tmp_path: Path
) -> None:
    watched = Watched(tmp_path)
    local("sft")
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli", *words],
        env=watched.environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "can't be traced" not in done.stdout
    assert watched.calls() == []


LOOKS = """
import sys
from typer.testing import CliRunner
from tui.commands.program import program
for words in {words!r}:
    done = CliRunner().invoke(program, words)
    assert done.exit_code == 0, (words, done.output, done.exception)
"""


def test_no_command_that_looks_tries_to_reach_anybody(local: Callable[[str], Path], tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    folder = local("sft")
    words = [
        ["runs"],
        ["show", folder.name],
        ["presets"],
        ["doctor", "--json"],
        ["inspect", "sft.jsonl"],
        ["advise", "--goal", "sft", "--model", "llama", "--data", "sft.jsonl"],
        ["estimate", "sft.yaml"],
        ["export", "sft.yaml"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", LOOKS.format(words=words)],
        env=watched.environment(), cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert watched.calls() == []


@pytest.mark.parametrize(
    ("model", "train", "test", "offline"),
    [
        ("llama", "rows.jsonl", "", True),
        ("llama", "rows.jsonl", "rows.jsonl", True),
        ("llama", "owner/rows", "", False),
        ("llama", "rows.jsonl", "owner/rows", False),
        ("owner/model", "rows.jsonl", "", False),
        ("adapter", "rows.jsonl", "", True),
        ("adapter of a hub model", "rows.jsonl", "", False),
    ],
)
def test_a_run_is_offline_where_all_that_it_reads_is_here(
    model: str, train: str, test: str, offline: bool, tmp_path: Path, llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "llama").symlink_to(llama)
    (tmp_path / "rows.jsonl").touch()
    for name, base in (("adapter", str(llama)), ("adapter of a hub model", "owner/model")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter_config.json").write_text(f'{{"base_model_name_or_path": "{base}"}}')
    run = plain_run()
    run = run.model_copy(
        update={
            "model": run.model.model_copy(update={"id": model}),
            "data": run.data.model_copy(update={"train": train, "test": test}),
        }
    )
    assert network.is_offline(run) is offline
    assert ('os.environ["HF_HUB_OFFLINE"] = "1"' in script.assemble(run)) is offline
    assert network.environment(run).get("HF_HUB_OFFLINE") == ("1" if offline else None)


def test_a_person_who_is_offline_stays_so_and_nobody_reports_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    text = script.assemble(plain_run())
    lines = "\n".join(line for line in text.splitlines() if line.startswith('os.environ["HF_'))
    for told, seen in (("1", "1"), (None, "")):
        around = {} if told is None else {"HF_HUB_OFFLINE": told}
        monkeypatch.setattr(os, "environ", around)
        exec(f"import os\n{lines}", {})
        assert around.get("HF_HUB_OFFLINE", "") == seen
        assert around["HF_HUB_DISABLE_TELEMETRY"] == "1" and around["HF_UPDATE_DOWNLOAD_COUNTS"] == "0"
