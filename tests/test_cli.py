"""The command line without a training: usage, help, advice, estimates, scripts, data; each in a process of its own."""

import datetime
import json
import math
import os
import re
import resource
import subprocess
import sys

import pyarrow
import pyarrow.parquet
import pytest

from engine.config import methods_of
from tests.commands import PROGRAM, clean, complaint, project, tunewright, values

pytestmark = pytest.mark.slow

DAY = datetime.date(2026, 11, 21)
COMMANDS = (
    "demo",
    "run",
    "watch",
    "runs",
    "show",
    "compare",
    "stop",
    "save",
    "evaluate",
    "shorten",
    "resume",
    "delete",
    "export",
    "advise",
    "estimate",
    "inspect",
    "tokens",
    "presets",
    "doctor",
)
HEAVY = ("pydantic", "textual", "rich", "orjson", "ruamel", "huggingface_hub", "pynvml", "engine.config")


def test_help_names_every_command_and_each_explains_itself(tmp_path):
    text = tunewright("--help", cwd=tmp_path).stdout
    assert [name for name in COMMANDS if not re.search(rf"^  {name} +\w", text, re.MULTILINE)] == []
    for name in COMMANDS:
        done = tunewright(name, "--help", cwd=tmp_path)
        assert done.returncode == 0 and f"tunewright {name}" in done.stdout
        assert done.stderr == ""


def test_help_takes_less_than_a_quarter_of_a_second(tmp_path):
    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        tunewright("--help", cwd=tmp_path)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(5)) < 0.25


def test_help_loads_nothing_that_only_the_commands_need(tmp_path):
    question = f"import json, sys; import tui.commands.program; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", question], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["runz"], "'runs'"),
        (["run", "--dettach", "run.yaml"], "--detach"),
        (["demo", "embd"], "'embed'"),
        (["advise", "--goal", "sfd", "--model", "base"], "'sft'"),
        (["presets", "full-smal"], "'full-small'"),
        (["estimate", "run.yaml", "--gpu", "RTX4091"], "'RTX 4090'"),
        (["estimate", "run.yaml", "--vram", "-3"], "--vram 24"),
        (["run", "run.yaml", "--set", "training.epoch=1"], "'epochs'"),
        (["run", "run.yaml", "--set", "method.kind=lorra"], "'lora'"),
        (["run", "run.yaml", "--set", "epochs"], "training.epochs=1"),
        (["run", "run.yaml", "--python", "no-such-python"], "no-such-python"),
    ],
)
def test_a_wrong_command_option_or_value_names_the_nearest_right_one(words, named, tmp_path):
    assert named in complaint(*words, cwd=project(tmp_path), status=2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("goal: sft\nmodel: {id: base}\ndata: {train: talks.jsonl}\ntraining:\n  epoch: 2\n", "bad.yaml:5.*'epochs'"),
        ("goal: sft\ngoal: sft\n", "bad.yaml:2.*duplicate key"),
        ("goal: stf\n", "bad.yaml:1.*'sft'"),
        ("goal: sft\nmodel: {id: base}\n", "bad.yaml.*data"),
        ("goal: [sft\n", "bad.yaml:.*correct"),
        ("version: 9\ngoal: sft\n", "later tunewright"),
        ("goal: sft\nmodel: {id: nowhere}\ndata: {train: talks.jsonl}\n", "nowhere"),
        ("goal: sft\nmodel: {id: base}\ndata: {train: talk.jsonl}\n", "did you mean.*talks.jsonl"),
        ("goal: sft\nmodel: {id: base}\ndata: {train: one.jsonl}\n", "one.jsonl: there is only one row"),
        ("goal: sft\nmodel: {id: base}\ndata: {train: broken.jsonl}\n", "broken.jsonl: line 3"),
        ("goal: embed\nmodel: {id: base}\ndata: {train: numbers.csv}\n", "numbers.csv"),
    ],
)
def test_a_wrong_run_file_is_one_sentence_with_place_and_remedy(text, said, tmp_path):
    cwd = project(tmp_path)
    (cwd / "one.jsonl").write_text('{"prompt": "what is it?", "completion": "a row"}\n')
    rows = (cwd / "talks.jsonl").read_text().splitlines()
    (cwd / "broken.jsonl").write_text("\n".join([*rows[:2], '{"prompt": ', *rows[2:]]))
    (cwd / "numbers.csv").write_text("a,b\n" + "".join(f"{n},{n * n}\n" for n in range(200)))
    (cwd / "bad.yaml").write_text(text)
    sentence = complaint("run", "bad.yaml", cwd=cwd, status=1)
    assert re.search(said, sentence), sentence
    assert len(sentence.splitlines()) == 1
    assert not (cwd / "runs").exists()


def test_advice_is_a_complete_run_with_a_ranking_and_a_reason_for_every_choice(tmp_path):
    words = ["advise", "--goal", "sft", "--model", "base", "--data", "talks.jsonl", "--gpu", "T4"]
    advice = values(*words, cwd=project(tmp_path))
    assert advice["recommended"] == advice["run"]["method"]["kind"] == "lora"
    assert {row["method"] for row in advice["ranking"]} == set(methods_of("sft"))
    assert {"method", "fits", "peak_gib", "verdict", "reasons"} <= set(advice["ranking"][0])
    assert advice["run"]["training"]["precision"] == "fp16"
    assert advice["reasons"]["training.precision"]
    text = tunewright(*words, cwd=tmp_path).stdout
    assert "recommended: lora" in text and "what if" in text and advice["reasons"]["training.epochs"] in text


def test_a_small_card_changes_the_advice_and_what_was_set_stays(tmp_path):
    cwd = project(tmp_path)
    small = values("advise", "--model", "base", "--data", "talks.jsonl", "--vram", "1.2", cwd=cwd)
    assert small["recommended"] == "qlora"
    chosen = values("advise", "--model", "base", "--data", "talks.jsonl", "--set", "method.kind=full", cwd=cwd)
    assert (chosen["recommended"], chosen["run"]["method"]["kind"]) == ("lora", "full")
    assert chosen["reasons"]["method.kind"] == "your choice"


def test_saved_advice_is_a_run_file_that_means_the_same(tmp_path):
    cwd = project(tmp_path)
    advice = values("advise", "--model", "base", "--data", "pairs.jsonl", "-o", "saved.yaml", "--goal", "sft", cwd=cwd)
    again = values("estimate", "saved.yaml", cwd=cwd)
    assert again["peak_gib"] == pytest.approx(advice["estimate"]["peak_gib"])


def test_one_file_has_one_estimate_and_several_have_a_list(tmp_path):
    cwd = project(tmp_path)
    one = values("estimate", "run.yaml", "--gpu", "T4", cwd=cwd)
    assert one["fits"] is True and 0 < one["low_gib"] <= one["peak_gib"] <= one["high_gib"] < 14
    assert sum(one["terms"].values()) == pytest.approx(one["peak_gib"] + one["terms"]["cuda"])
    small, *rest = values("estimate", "run.yaml", "run.yaml", "--vram", "0.5", cwd=cwd)
    assert small["fits"] is False and len(rest) == 1
    assert "does not fit" in tunewright("estimate", "run.yaml", "--vram", "0.5", cwd=cwd).stdout


def test_an_estimate_needs_no_rows_but_says_so(tmp_path):
    done = tunewright("estimate", "run.yaml", "--set", "data.train=later.jsonl", cwd=project(tmp_path))
    assert done.returncode == 0 and "memory ~" in done.stdout
    assert "there is no such file" in done.stderr


def test_the_script_goes_to_stdout_or_into_a_file_and_is_valid_python(tmp_path):
    cwd = project(tmp_path)
    printed = tunewright("export", "run.yaml", cwd=cwd).stdout
    compile(printed, "train.py", "exec")
    assert f'BASE_MODEL: str = "{cwd}/base"' in printed
    done = tunewright("export", "run.yaml", "-o", "mine.py", cwd=cwd)
    assert done.stdout == "" and "uv run mine.py" in done.stderr
    assert (cwd / "mine.py").read_text() == printed
    card = tunewright("export", "run.yaml", "--gpu", "T4", cwd=cwd).stdout
    assert 'PRECISION: str = "float16"' in card and "\nDEVICES" not in card


def test_the_script_is_written_as_a_notebook_too(tmp_path):
    cwd = project(tmp_path)
    done = tunewright("export", "run.yaml", "--notebook", "mine.ipynb", "-o", "mine.py", cwd=cwd)
    assert done.stdout == "" and "jupyter lab mine.ipynb" in done.stderr
    known = json.loads((cwd / "mine.ipynb").read_text())
    sources = ["".join(cell["source"]) for cell in known["cells"] if cell["cell_type"] == "code"]
    assert sources[0].startswith("%pip install -q accelerate==") and "mine.ipynb" in sources[1]
    written = (cwd / "mine.py").read_text()
    assert all(block.strip() in written for block in sources[2:-1])


def test_a_script_can_be_made_where_the_model_is_not(tmp_path):
    done = tunewright("export", "run.yaml", "--set", "model.id=someone/else", cwd=project(tmp_path))
    assert done.returncode == 0 and 'BASE_MODEL: str = "someone/else"' in done.stdout
    assert "made without looking at it" in done.stderr


def test_a_data_set_is_told_what_it_is_and_what_is_none_has_its_reason(tmp_path):
    cwd = project(tmp_path)
    facts = values("inspect", "pairs.jsonl", cwd=cwd)
    assert facts["rows"] == 200
    assert all(problem["advice"] for problem in facts["problems"] if problem["severity"] == "warning")
    assert {problem["severity"] for problem in facts["problems"]} <= {"note", "warning"}
    assert facts["suits"][0]["goal"] == "embed"
    assert facts["suits"][0]["columns"] == {"anchor": "question", "positive": "passage"}
    assert facts["lengths"]["longest"] >= facts["lengths"]["median"] > 0
    assert "suits embed" in tunewright("inspect", "pairs.jsonl", cwd=cwd).stdout
    (cwd / "empty.jsonl").touch()
    done = tunewright("inspect", "empty.jsonl", "--json", cwd=cwd)
    nothing = json.loads(done.stdout)
    assert (done.returncode, nothing["rows"], nothing["suits"]) == (1, 0, [])
    assert nothing["problems"][0]["message"] in done.stderr


def test_values_that_json_has_no_word_for_are_null_or_text(tmp_path):
    rows = [{"question": f"what is {n}?", "answer": f"it is {n}", "score": math.nan, "day": DAY} for n in range(200)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "odd.parquet")
    example = values("inspect", "odd.parquet", cwd=tmp_path)["examples"][0]
    assert (example["score"], example["day"]) == (None, str(DAY))


def test_text_of_others_never_steers_the_terminal(tmp_path):
    rows = [{"prompt": f"\x1b[2J\x9b31m [red]{n}\x07?", "completion": f"{{x}}\u202e {n}"} for n in range(200)]
    (tmp_path / "evil.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    shown = tunewright("inspect", "evil.jsonl", cwd=tmp_path).stdout
    assert "[red]" in shown
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)
    assert re.search("there is no such run file", complaint("run", "\x1b[2J.yaml", cwd=tmp_path, status=1))
    assert "\x1b" not in complaint("run", "\x1b[2J.yaml", cwd=tmp_path, status=1)


def test_a_terminal_without_utf8_gets_plain_signs(tmp_path):
    done = subprocess.run(
        [*PROGRAM, "advise", "--model", "base", "--data", "talks.jsonl"],
        cwd=project(tmp_path),
        env=clean({"PYTHONIOENCODING": "ascii"}),
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert b"recommended: lora" in done.stdout and done.stdout.isascii()


def test_a_preset_is_printed_as_a_run_file(tmp_path):
    names = [preset["name"] for preset in values("presets", cwd=tmp_path)]
    assert names[0] == "qlora-small-open"
    assert names == re.findall(r"^([\w-]+): ", tunewright("presets", cwd=tmp_path).stdout, re.MULTILINE)
    cwd = project(tmp_path)
    (cwd / "mine.yaml").write_text(tunewright("presets", "qlora-small-open", cwd=cwd).stdout)
    words = ["estimate", "mine.yaml", "--set", "model.id=base", "--set", "data.train=talks.jsonl", "--gpu", "T4"]
    assert values(*words, cwd=cwd)["fits"] is True


def test_no_runs_yet_is_no_fault_but_an_unknown_run_is(tmp_path):
    assert values("runs", cwd=tmp_path) == []
    assert "tunewright demo" in tunewright("runs", cwd=tmp_path).stdout
    assert "tunewright demo" in complaint("show", "mine", cwd=tmp_path, status=1)
    assert "tunewright demo" in complaint("watch", cwd=tmp_path, status=1)


def test_without_a_terminal_the_full_screen_says_what_to_do(tmp_path):
    assert "--help" in complaint(cwd=tmp_path, status=1)


def test_a_reader_that_leaves_early_is_no_fault(tmp_path):
    project(tmp_path)
    line = f"{' '.join(PROGRAM)} export run.yaml | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, env=dict(os.environ))
    assert done.stdout.startswith('"""') and done.stderr == "" and done.returncode in (0, 1)


@pytest.mark.slow
def test_the_doctor_looks_at_machine_libraries_and_disks(tmp_path):
    found = values("doctor", cwd=tmp_path)
    lines = {line["name"]: line for line in found["lines"]}
    assert {"CPU", "RAM", "torch", "transformers", "disk: runs", "detached runs"} <= set(lines)
    assert lines["torch"]["value"] in tunewright("doctor", cwd=tmp_path).stdout
