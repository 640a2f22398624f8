"""Runs from the command line: followed, left alone, stopped, killed, resumed, repeated; with the real worker."""

import json
import os
import re
import signal
import stat
import subprocess
import sys

import pytest

from tests import tiny
from tests.commands import HELD, begun, complaint, holds, newest, scripted, shown, tunewright, until, values

pytestmark = pytest.mark.slow

FAILS = "raise RuntimeError('the cat sat on the \\x1b[31mkeyboard')\n"


@pytest.fixture
def held(tmp_path):
    """A run that goes on until it is told to end, started in the background."""
    done = tunewright("run", scripted(tmp_path, HELD), "--detach", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    name = newest(tmp_path)
    assert f"watch it with: tunewright watch {name}" in done.stdout
    yield name
    tunewright("stop", name, "--hard", cwd=tmp_path)


def test_a_run_that_fails_says_why_in_one_sentence_and_where_its_log_is(tmp_path):
    done = tunewright("run", scripted(tmp_path, FAILS), cwd=tmp_path)
    assert done.returncode == 1
    assert "edited by hand" in done.stdout
    assert "the cat sat on the" in done.stderr and "log.txt" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    report = shown(tmp_path)
    assert (report["state"], report["edited"]) == ("failed", True)
    assert "RuntimeError" in tunewright("show", newest(tmp_path), cwd=tmp_path).stdout


def test_repeating_a_run_runs_its_edited_script_which_settings_can_not_change(tmp_path):
    first = scripted(tmp_path, FAILS)
    assert "edited by hand" in complaint("run", first, "--set", "training.epochs=1", cwd=tmp_path, status=2)
    tunewright("run", first / "run.yaml", cwd=tmp_path)
    assert (tmp_path / "runs" / newest(tmp_path) / "train.py").read_text() == FAILS
    done = tunewright("export", first, cwd=tmp_path)
    assert done.stdout == FAILS and "edited by hand" in done.stderr


def test_with_json_the_events_are_all_that_is_printed(tmp_path):
    done = tunewright("run", scripted(tmp_path, FAILS), "--json", cwd=tmp_path)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [events[0]["type"], events[-1]["type"]] == ["started", "failed"]
    assert done.returncode == 1 and "the cat sat" in done.stderr
    assert done.stdout == (tmp_path / "runs" / newest(tmp_path) / "events.jsonl").read_text()


def test_ctrl_c_stops_the_run_and_waits_for_it(tmp_path):
    run = begun("run", scripted(tmp_path, HELD), cwd=tmp_path)
    holds(tmp_path)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert "finishes its step and saves a checkpoint" in out and "tunewright resume" in out
    assert shown(tmp_path)["state"] == "stopped"


def test_a_second_ctrl_c_leaves_the_run_to_itself(tmp_path):
    deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + HELD
    run = begun("run", scripted(tmp_path, deaf), cwd=tmp_path)
    holds(tmp_path)
    run.send_signal(signal.SIGINT)
    assert run.stdout is not None
    until(lambda: "finishes its step" in run.stdout.readline())
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=30)
    assert run.returncode == 130 and "goes on without this terminal" in err
    assert shown(tmp_path)["state"] == "running"
    assert "is killed" in tunewright("stop", newest(tmp_path), "--hard", cwd=tmp_path).stdout


@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_a_run_outlives_the_command_that_follows_it(signal_, tmp_path):
    run = begun("run", scripted(tmp_path, HELD), cwd=tmp_path)
    holds(tmp_path)
    run.send_signal(signal_)
    run.communicate(timeout=30)
    assert shown(tmp_path)["state"] == "running"
    assert "is stopped" in tunewright("stop", newest(tmp_path), cwd=tmp_path).stdout


def test_a_killed_worker_is_noticed_with_its_last_words_and_the_way_on(tmp_path):
    run = begun("run", scripted(tmp_path, HELD), cwd=tmp_path)
    holds(tmp_path)
    os.kill(shown(tmp_path)["started"]["pid"], signal.SIGKILL)
    _, err = run.communicate(timeout=10)
    assert run.returncode == 1
    assert "held" in err and f"tunewright resume {newest(tmp_path)}" in err
    assert shown(tmp_path)["state"] == "died"


def test_a_run_that_goes_on_is_listed_watched_and_neither_started_twice_nor_deleted(held, tmp_path):
    assert [(run["name"], run["state"]) for run in values("runs", cwd=tmp_path)] == [(held, "running")]
    assert held in tunewright("runs", cwd=tmp_path).stdout
    assert "going on already" in complaint("resume", held, cwd=tmp_path, status=1)
    assert "stop it first" in complaint("delete", held, "--yes", cwd=tmp_path, status=1)
    watcher = begun("watch", held, cwd=tmp_path)
    assert "is stopped" in tunewright("stop", held, cwd=tmp_path).stdout
    out, _ = watcher.communicate(timeout=30)
    assert watcher.returncode == 130 and "stopped at step 0" in out
    assert "not going on" in complaint("stop", held, cwd=tmp_path, status=1)


def test_leaving_a_watched_run_does_nothing_to_it(held, tmp_path):
    watcher = begun("watch", cwd=tmp_path)
    assert watcher.stdout is not None
    until(watcher.stdout.readline)
    watcher.send_signal(signal.SIGINT)
    _, err = watcher.communicate(timeout=30)
    assert watcher.returncode == 130 and "goes on" in err
    assert shown(tmp_path)["state"] == "running"


def test_deleting_asks_first_and_says_what_emptying_the_trash_frees(held, tmp_path):
    tunewright("stop", held, cwd=tmp_path)
    assert "--yes" in complaint("delete", held, cwd=tmp_path, status=2)
    assert (tmp_path / "runs" / held).is_dir()
    assert "KiB are free once" in tunewright("delete", held, "--yes", cwd=tmp_path).stdout
    assert not (tmp_path / "runs" / held).exists()


def test_a_misspelt_run_is_named_rightly_and_a_path_will_do(held, tmp_path):
    assert held in complaint("show", held[:-1], cwd=tmp_path, status=1)
    assert values("show", tmp_path / "runs" / held, cwd=tmp_path)["name"] == held
    assert values("show", held, "--runs", tmp_path / "runs", cwd=tmp_path.parent)["name"] == held
    assert values("--runs", tmp_path / "runs", "show", held, cwd=tmp_path.parent)["name"] == held
    assert values("show", held, cwd=tmp_path.parent, TUNEWRIGHT_RUNS=str(tmp_path / "runs"))["name"] == held


def test_a_folder_that_can_not_be_written_is_named(tmp_path):
    (tmp_path / "runs").write_text("a file in the way")
    sentence = complaint("run", scripted(tmp_path, HELD), cwd=tmp_path, status=1)
    assert "--runs" in sentence and str(tmp_path / "runs") in sentence


def test_an_interpreter_without_the_libraries_is_refused_before_anything_is_written(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    sentence = complaint("run", scripted(tmp_path, HELD), "--python", tmp_path / "bare", cwd=tmp_path, status=1)
    assert "torch" in sentence and "tunewright[train]" in sentence
    assert not (tmp_path / "runs").exists()


@pytest.mark.usefixtures("loaded_python")
def test_a_sparse_run_file_becomes_a_tuned_model(llama, tmp_path):
    tiny.write_rows(tmp_path / "talks.jsonl", tiny.talks(60))
    (tmp_path / "run.yaml").write_text(f"goal: sft\nmodel: {{id: {llama}}}\ndata: {{train: talks.jsonl}}\n")
    done = tunewright("run", "run.yaml", "--set", "training.max_steps=4", "--set", "output.name=mine", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for word in ("libraries", "baseline", "training", "evaluated", "saved", "before", "after"):
        assert word in done.stdout
    report = shown(tmp_path)
    assert report["name"].startswith("mine-") and report["state"] == "completed"
    assert (report["step"], report["max_steps"]) == (4, 4)
    assert {"eval_loss", "perplexity"} <= {row["name"] for row in report["results"]["metrics"]}
    assert report["evaluated"]["eval_loss"]["baseline"] == report["results"]["metrics"][0]["baseline"]
    folder = tmp_path / "runs" / report["name"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "complete" in complaint("resume", report["name"], cwd=tmp_path, status=1)
    assert re.search(r"loss +\d\.\d+ +\d\.\d+", tunewright("watch", cwd=tmp_path).stdout)


@pytest.mark.usefixtures("loaded_python")
def test_a_run_stopped_by_ctrl_c_goes_on_from_its_checkpoint(llama, tmp_path):
    tiny.write_rows(tmp_path / "talks.jsonl", tiny.talks(60))
    (tmp_path / "run.yaml").write_text(
        f"goal: sft\nmodel: {{id: {llama}}}\ndata: {{train: talks.jsonl}}\ntraining: {{max_steps: 400, batch: 2}}\n"
    )
    run = begun("run", "run.yaml", "--json", cwd=tmp_path)
    assert run.stdout is not None
    until(lambda: json.loads(run.stdout.readline())["type"] == "metrics", seconds=120)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert json.loads(out.splitlines()[-1])["status"] == "stopped"
    step = shown(tmp_path)["checkpoints"][-1]["step"]
    again = begun("resume", newest(tmp_path), "--json", cwd=tmp_path)
    assert again.stdout is not None
    assert json.loads(again.stdout.readline())["type"] == "started"
    event = until(lambda: (e := json.loads(again.stdout.readline()))["type"] == "begun" and e, seconds=120)
    assert event["from_step"] == step > 0
    again.send_signal(signal.SIGINT)
    again.communicate(timeout=60)
    assert again.returncode == 130


@pytest.mark.xdist_group("demo")
@pytest.mark.usefixtures("loaded_python")
def test_the_example_needs_nothing_and_finds_its_model_again(tmp_path):
    run = begun("demo", "--headless", cwd=tmp_path)
    assert run.stdout is not None
    until(lambda: "step 0 · nDCG@10" in run.stdout.readline(), seconds=120)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    made = (tmp_path / "runs" / "demo" / "embed" / "tiny-model" / "config.json").stat().st_mtime_ns
    run = begun("demo", cwd=tmp_path)
    assert run.stdout is not None
    assert run.stdout.readline().startswith("demo-embed-")
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    assert run.returncode == 130
    assert (tmp_path / "runs" / "demo" / "embed" / "tiny-model" / "config.json").stat().st_mtime_ns == made


def test_a_queued_run_begins_when_the_one_before_it_has_ended_however(held, tmp_path):
    again = tmp_path / "runs" / held
    queued = json.loads(tunewright("run", again, "--detach", "--json", "--after", held, cwd=tmp_path).stdout)["run"]
    log = tmp_path / "runs" / queued / "log.txt"
    assert shown(tmp_path)["phase"] == "waiting" and "held" not in log.read_text()
    assert "going on already" in complaint("resume", queued, cwd=tmp_path, status=1)
    tunewright("stop", held, "--hard", cwd=tmp_path)
    until(lambda: "held" in log.read_text())
    third = json.loads(tunewright("run", again, "--detach", "--json", "--after", queued, cwd=tmp_path).stdout)["run"]
    assert "is stopped" in tunewright("stop", third, cwd=tmp_path).stdout  # one that waits ends at once
    assert "held" not in (tmp_path / "runs" / third / "log.txt").read_text()
    tunewright("stop", queued, "--hard", cwd=tmp_path)
    assert "nothing to wait for" in complaint("run", again, "--after", queued, cwd=tmp_path, status=1)
