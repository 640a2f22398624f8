"""Somebody else's script below `tunewright watch --`: unchanged, in its own Python, shown like a run of ours."""

import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from engine import run
from engine.follow import Follower
from tests.commands import begun, complaint, newest, shown, tunewright, until, values
from tests.tiny import pairs, talks, write_rows

pytestmark = pytest.mark.slow

MODEL = """
import torch
from torch.utils.data import Dataset
from transformers import Trainer, TrainingArguments

torch.set_num_threads(1)


class Rows(Dataset):
    def __len__(self):
        return 64

    def __getitem__(self, place):
        return {"x": torch.randn(4, generator=torch.Generator().manual_seed(place)), "y": torch.tensor(float(place % 3))}


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.line = torch.nn.Linear(4, 1)

    def forward(self, x, y):
        return {"loss": ((self.line(x).squeeze(1) - y) ** 2).mean()}


def trainer(folder, steps, **more):
    torch.manual_seed(0)
    return Trainer(
        model=Model(),
        args=TrainingArguments(
            output_dir=folder, use_cpu=True, report_to="none", logging_steps=1, max_steps=steps, disable_tqdm=True,
            per_device_train_batch_size=4, save_strategy="no", **more,
        ),
        train_dataset=Rows(),
        eval_dataset=Rows(),
    )
"""

ALL_LIBRARIES = """
import json, pathlib, sys

import engine
import mine
from datasets import Dataset as Table
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from trl import SFTConfig, SFTTrainer

assert engine.MINE and "tunewright" not in sys.modules
llama, bert, talks, pairs = sys.argv[1:]
read = lambda path: [json.loads(line) for line in open(path)]
common = {"use_cpu": True, "report_to": "none", "logging_steps": 1, "max_steps": 2, "save_strategy": "no", "bf16": False,
          "disable_tqdm": True}
SFTTrainer(llama, args=SFTConfig("sft", max_length=32, **common), train_dataset=Table.from_list(read(talks)[:8])).train()
rows = Table.from_list([{"anchor": row["question"], "positive": row["passage"]} for row in read(pairs)[:16]])
encoder = SentenceTransformer(bert, device="cpu")
SentenceTransformerTrainer(encoder, args=SentenceTransformerTrainingArguments("embed", **common), train_dataset=rows,
                           loss=MultipleNegativesRankingLoss(encoder)).train()
alone = mine.trainer("alone", 6)
alone.callback_handler.callbacks = [each for each in alone.callback_handler.callbacks if type(each).__name__ != "Guest"]
watched = mine.trainer("watched", 6)
assert len(watched.callback_handler.callbacks) == len(alone.callback_handler.callbacks) + 1
for each in (alone, watched):
    each.train()
losses = [[line.get("loss") for line in each.state.log_history] for each in (alone, watched)]
print("equal" if losses[0] == losses[1] else losses)
mine.trainer("held", 10_000_000, eval_strategy="steps", eval_steps=10_000_000, label_names=["y"]).train()
print("after the training")
"""


def told(folder: Path) -> list[dict[str, Any]]:
    """All events of a run."""
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def foreign(folder: Path) -> dict[str, str]:
    """A project with a module that is called as ours is, and a sitecustomize of its own."""
    for place in ("project", "site"):
        (folder / place).mkdir()
    (folder / "project" / "engine.py").write_text("MINE = True\n")
    (folder / "project" / "mine.py").write_text(MODEL)
    (folder / "site" / "sitecustomize.py").write_text("import sys\nsys.hidden_began = True\n")
    return {"PYTHONPATH": str(folder / "site")}


@pytest.mark.extended
@pytest.mark.timeout(700)  # three libraries are loaded, which a busy machine takes minutes for
def test_trainers_of_three_libraries_report_and_a_stop_saves_and_lets_the_script_go_on(
    llama, bert, tmp_path, monkeypatch
):
    rows = write_rows(tmp_path / "talks.jsonl", talks(8)), write_rows(tmp_path / "pairs.jsonl", pairs(16))
    for name, value in foreign(tmp_path).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "project" / "script.py").write_text(ALL_LIBRARIES)
    child = begun("watch", "--", sys.executable, "project/script.py", llama, bert, *rows, cwd=tmp_path)
    until(lambda: list((tmp_path / "runs").glob("*/command.json")))
    folder = tmp_path / "runs" / newest(tmp_path)
    follower = Follower(folder)

    def holds() -> bool:
        follower.read()
        assert child.poll() is None, (folder / "log.txt").read_text()
        return follower.history.step > 50

    try:
        until(holds, 500)
        assert "saves a checkpoint" in tunewright("save", folder.name, cwd=tmp_path).stdout
        assert "measures itself" in tunewright("evaluate", folder.name, cwd=tmp_path).stdout
        until(lambda: follower.read() and follower.history.checkpoints and follower.history.evaluated, 90)
        assert "was watched" in complaint("shorten", folder.name, "1", cwd=tmp_path, status=1)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=90)
    finally:
        tunewright("stop", folder.name, "--hard", cwd=tmp_path)
    log = (folder / "log.txt").read_text()
    assert child.returncode == 130, (out, err, log)
    assert "equal" in log and "after the training" in log
    began = [event["max_steps"] for event in told(folder) if event["type"] == "begun"]
    assert began == [2, 2, 6, 10_000_000]  # the trainer that has no guest is not reported
    known = run.history(folder)
    assert run.state(folder, known) == "stopped" and known.checkpoints[-1]["step"] == known.step
    assert Path(known.checkpoints[-1]["path"]).is_dir()
    assert "start the command again" in out
    assert "start the command again" in complaint("resume", folder.name, cwd=tmp_path, status=1)


@pytest.mark.extended
def test_of_many_processes_the_first_reports(tmp_path):
    environ = foreign(tmp_path)
    (tmp_path / "project" / "script.py").write_text(
        "import sys, mine\nassert sys.hidden_began\nmine.trainer('out', 3, ddp_backend='gloo').train()\n"
    )
    launcher = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node=2",
        "--standalone",
        "project/script.py",
    ]
    done = tunewright("watch", "--headless", "--", *launcher, cwd=tmp_path, CUDA_VISIBLE_DEVICES="", **environ)
    folder = tmp_path / "runs" / newest(tmp_path)
    assert done.returncode == 0, (done.stderr, (folder / "log.txt").read_text())
    kinds = [event["type"] for event in told(folder)]
    assert (kinds.count("begun"), kinds.count("metrics")) == (1, 3)


def test_a_command_without_a_trainer_runs_as_it_would_alone_and_that_is_said(tmp_path):
    script = "import os, sys\nprint('here', os.getcwd(), sys.argv)\nsys.exit(5)\n"
    (tmp_path / "alone.py").write_text(script)
    done = tunewright("watch", "--headless", "--", sys.executable, "alone.py", "--flag", "-x", cwd=tmp_path)
    folder = tmp_path / "runs" / newest(tmp_path)
    assert done.returncode == 5
    assert "no Hugging Face trainer appeared" in done.stderr and "ended with 5" in done.stderr
    assert (folder / "log.txt").read_text() == f"here {tmp_path} ['alone.py', '--flag', '-x']\n"
    assert folder.name.startswith("alone-") and folder.stat().st_mode & 0o777 == 0o700
    assert shown(tmp_path)["state"] == "failed"
    (listed,) = values("runs", cwd=tmp_path)
    assert (listed["goal"], listed["state"]) == ("script", "failed") and "alone.py --flag" in listed["model"]
    assert "is deleted" in tunewright("delete", folder.name, "--yes", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [((), "there is no command to watch"), (("no-such-program",), "there is no such command")],
)
def test_what_is_no_command_is_said_before_anything_is_written(words, said, tmp_path):
    found = tunewright("watch", "--", *words, cwd=tmp_path)
    assert found.returncode in (1, 2) and said in found.stderr
    assert not (tmp_path / "runs").exists()


def test_killing_the_screen_leaves_the_command_alone_and_a_hard_stop_takes_all_of_it(tmp_path):
    inner = "import os, time; print('held', os.getpid(), flush=True); time.sleep(600)"
    (tmp_path / "outer.py").write_text(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {inner!r}])\n")
    child = begun("watch", "--", sys.executable, "outer.py", cwd=tmp_path)
    log = until(
        lambda: next((path for path in (tmp_path / "runs").glob("*/log.txt") if "held" in path.read_text()), None)
    )
    pid = int(log.read_text().split()[1])
    child.kill()
    child.communicate()
    assert shown(tmp_path)["state"] == "running" and Path(f"/proc/{pid}").exists()
    assert "is killed" in tunewright("stop", newest(tmp_path), "--hard", cwd=tmp_path).stdout
    until(lambda: "State:\tZ" in status(pid) or not Path(f"/proc/{pid}").exists())


def status(pid: int) -> str:
    """What the system says of a process."""
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return "State:\tZ"


def test_a_stop_outside_training_reaches_the_command_as_ctrl_c(tmp_path):
    script = "import time\ntry:\n    print('held', flush=True)\n    time.sleep(600)\nexcept KeyboardInterrupt:\n    print('tidied')\n"
    (tmp_path / "tidy.py").write_text(script)
    child = begun("watch", "--", sys.executable, "tidy.py", cwd=tmp_path)
    log = until(
        lambda: next((path for path in (tmp_path / "runs").glob("*/log.txt") if "held" in path.read_text()), None)
    )
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert child.returncode == 130 and "tidied" in log.read_text()


def test_help_names_both_forms(tmp_path):
    assert "[-- COMMAND...]" in tunewright("watch", "--help", cwd=tmp_path).stdout
