"""The README: every command in it is run, and every file that it names is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine import demo
from tests.tiny import tiny_bert

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = [
    line.partition(" #")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
]


def test_it_opens_with_one_sentence_one_picture_and_two_commands():
    assert COMMANDS[:2] == ["make demo", "make test"]
    sentence, picture = README.split("\n\n")[1:3]
    assert sentence.count(". ") == 0
    drawn = (ROOT / re.search(r"\((.*?\.svg)\)", picture)[1]).read_text("utf-8")
    assert "<svg" in drawn
    assert "nDCG" in drawn


def test_every_test_runs_in_one_of_the_tiers_that_must_pass():
    made = (ROOT / "Makefile").read_text("utf-8")
    tiers = dict(re.findall(r'^(\w+): .*\n\t@\$\(PYTEST\) -m "(.+)"', made, re.MULTILINE))
    assert tiers == {"quick": "not slow and not extended", "test": "not extended", "slow": "extended"}
    assert (ROOT / ".ci/run").read_text("utf-8").splitlines()[-3:] == ["make check", "make test", "make slow"]


def test_every_file_that_it_links_is_there():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_map_of_rooms_is_true():
    rooms = README.partition("## Architecture")[2]
    for name in re.findall(r"^ *(\w+)/ ", rooms, re.MULTILINE):
        assert any(path.is_dir() for path in ROOT.glob(f"**/{name}")), name


@pytest.mark.slow
@pytest.mark.usefixtures("loaded_python")
def test_every_command_works_as_it_is_written(tmp_path):
    demo.write_embed(tmp_path)
    tiny_bert(tmp_path / "tiny-model")
    (tmp_path / "run.yaml").write_text(re.search(r"```yaml\n(.*?)```", README, re.DOTALL)[1])
    typed = [command for command in COMMANDS if command.startswith("tunewright")]
    assert len(typed) >= 9
    for command in typed:
        program = command.replace("tunewright", f"{sys.executable} -m tui.cli", 1)
        done = subprocess.run(program, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, (command, done.stderr)
        assert done.stdout.strip() or "-o" in command or "--notebook" in command, command
    assert "def main(" in (tmp_path / "train.py").read_text()


@pytest.mark.extended
@pytest.mark.xdist_group("demo")
def test_make_demo_trains_the_example_and_search_gets_better_in_every_size():
    done = subprocess.run(
        ["make", "demo"], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    gains = re.findall(r"nDCG@10 at (\d+) +([\d.]+) +([\d.]+)", done.stdout)
    assert [int(size) for size, _, _ in gains] == [128, 64, 32, 16]
    for _, before, after in gains:
        assert float(after) > float(before) + 0.4  # measured: 0.69 to 0.81
    assert "better than the base model" in done.stdout
