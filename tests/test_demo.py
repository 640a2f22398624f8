"""The embedded example of the second goal, as a person types it (the first one is the README's own command)."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.extended, pytest.mark.xdist_group("demo")]


def demo(goal, folder):
    """Type `tunewright demo GOAL --headless` in an empty folder."""
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli", "demo", goal, "--headless"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stderr
    (results,) = folder.glob("runs/demo-*/output/results.json")
    return done.stdout, json.loads(results.read_text())


def test_answers_get_better(tmp_path):
    told, results = demo("sft", tmp_path)
    loss, perplexity = results["metrics"]
    assert loss["name"] == "eval_loss"
    assert loss["tuned"] < loss["baseline"] - 3  # measured: 7.6 to 1.7
    assert perplexity["tuned"] < 20
    assert all(sample["base"] != sample["tuned"] for sample in results["samples"])
    assert "better than the base model" in told
