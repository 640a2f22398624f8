"""Folders that hold splits: the training files are learned from, the test files tested on, and the rest is named."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.data import look
from engine.data.sources import find
from engine.data.within import within
from engine.guide import Facts, recommend
from engine.script import values
from tests import facts as known
from tests.tiny import talks, write_rows


def laid_out(folder: Path, *names: str) -> Path:
    """Write a file of rows under every name, each with another number of rows."""
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        rows = talks(12 + number)
        if name.endswith(".parquet"):
            pq.write_table(pa.Table.from_pylist(rows), folder / name)
        else:
            write_rows(folder / name, rows)
    return folder


SHARDS = ("data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet")
LAYOUTS: list[tuple[tuple[str, ...], str, str, str]] = [
    (("train.jsonl", "test.jsonl"), "train.jsonl", "test.jsonl", ""),
    (("train.jsonl", "valid.jsonl"), "train.jsonl", "valid.jsonl", ""),
    (("train.jsonl", "dev.jsonl", "test.jsonl"), "train.jsonl", "test.jsonl", "not used: dev.jsonl"),
    ((*SHARDS, "data/test-00000-of-00001.parquet"), "data/train-*.parquet", "data/test-00000-of-00001.parquet", ""),
    (("train/a.jsonl", "train/b.jsonl", "test/a.jsonl"), "train/*.jsonl", "test/a.jsonl", ""),
    (("rows.jsonl", "my_eval.jsonl"), "rows.jsonl", "my_eval.jsonl", ""),
    (("en/train.jsonl", "de/train.jsonl", "en/test.jsonl"), "*/train.jsonl", "en/test.jsonl", ""),
    (("a_train.jsonl", "b_train.jsonl", "a_val.jsonl"), "*_train.jsonl", "a_val.jsonl", ""),
    (
        ("train_gen.jsonl", "train_sft.jsonl", "test_gen.jsonl", "test_sft.jsonl"),
        "train_sft.jsonl",
        "test_sft.jsonl",
        "not used: test_gen.jsonl, train_gen.jsonl",
    ),
    (("train/deep/er/a.jsonl", "train/b.jsonl", "test/x.jsonl"), "train/**/*.jsonl", "test/x.jsonl", ""),
    (("my [new] train.jsonl", "my [new] test.jsonl"), "my [[]new] train.jsonl", "my [[]new] test.jsonl", ""),
]


@pytest.mark.parametrize(("names", "train", "test", "unused"), LAYOUTS, ids=[each[0][0] for each in LAYOUTS])
def test_the_splits_of_a_folder_are_never_merged(tmp_path, names, train, test, unused):
    folder = laid_out(tmp_path / "my [data]", *names)
    found = look(str(folder))
    assert (found.part, found.test) == (train, within(str(folder), test))
    note = next(each for each in found.problems if each.code == "splits")
    assert (note.severity, note.advice) == ("note", unused)
    learned, tested = find(within(str(folder), found.part)).files, find(found.test).files
    assert not set(learned) & set(tested)
    assert found.rows == look(within(str(folder), found.part)).rows


@pytest.mark.parametrize(
    "names",
    [
        ("rows.jsonl", "more.jsonl"),
        ("test_a.jsonl", "test_b.jsonl"),
        ("latest.jsonl", "contest.jsonl", "evaluate_me.jsonl"),
        ("intro.md", "test.md", "how_to_evaluate.md"),
        ("lib.py", "test_lib.py", "train.py"),
    ],
    ids=lambda names: names[0],
)
def test_a_folder_without_splits_is_read_whole(tmp_path, names):
    folder = tmp_path / "rows"
    if names[0].endswith(".jsonl"):
        laid_out(folder, *names)
    else:
        folder.mkdir()
        for name in names:
            (folder / name).write_text("a line of text\n" * 3)
    found = find(str(folder))
    assert ({file.name for file in found.files}, found.part) == (set(names), "")


def test_a_readme_says_what_the_splits_of_a_hub_data_set_are(tmp_path):
    folder = laid_out(tmp_path, "main/a.jsonl", "main/b.jsonl", "other/a.jsonl", "other/b.jsonl")
    (folder / "README.md").write_text(
        "---\nlicense: mit\nconfigs:\n- config_name: other\n  data_files:\n"
        "  - {split: train, path: other/a.jsonl}\n- config_name: main\n  default: true\n  data_files:\n"
        "  - {split: train, path: 'main/a*'}\n  - {split: test, path: [main/b.jsonl]}\n---\n# Rows\n"
    )
    found = look(str(folder))
    assert (found.part, found.test) == ("main/a.jsonl", f"{folder}/main/b.jsonl")
    assert "not used: other" in [each.advice for each in found.problems]
    for spoiled in ("---\nconfigs: 3\n---\n", "---\nconfigs:\n- 4\n---\n", "---\n\t: [\n---\n", ""):
        (folder / "README.md").write_text(spoiled)
        assert look(str(folder)).part == ""


def planned(folder: Path, **data: Any) -> Any:
    known.model(folder / "base", known.QWEN_HALF_B, chat=True)
    answers = {"goal": "sft", "model": {"id": str(folder / "base")}, "data": {"train": str(folder / "rows"), **data}}
    facts = Facts(known.machine(), known.look(str(folder / "base")), look(str(folder / "rows")))
    return recommend(answers, facts)


def test_the_run_and_its_script_name_the_files(tmp_path):
    laid_out(tmp_path / "rows", "train.jsonl", "test.jsonl", "dev.jsonl")
    run = planned(tmp_path).run
    assert (run.data.train, run.data.files) == (str(tmp_path / "rows"), "train.jsonl")
    assert (run.data.test, run.data.test_fraction) == (f"{tmp_path}/rows/test.jsonl", 0.0)
    assert values(run)["TRAIN"] == f"{tmp_path}/rows/train.jsonl"


def test_a_share_that_somebody_asked_for_is_held_out_of_the_training_files(tmp_path):
    laid_out(tmp_path / "rows", "train.jsonl", "test.jsonl")
    run = planned(tmp_path, test_fraction=0.3).run
    assert (run.data.files, run.data.test, run.data.test_fraction) == ("train.jsonl", "", 0.3)


def test_a_task_whose_folder_holds_splits_is_refused(tmp_path):
    laid_out(tmp_path / "rows", "train.jsonl", "test.jsonl")
    found = look([{"file": str(tmp_path / "rows")}, {"file": str(tmp_path / "rows" / "train.jsonl")}])
    (wrong,) = [each for each in found.problems if each.severity == "wrong"]
    assert wrong.advice == f"give the task file: {tmp_path}/rows/train.jsonl and test: {tmp_path}/rows/test.jsonl"


def test_what_stands_beside_a_training_split_is_not_learned_and_is_named(tmp_path):
    folder = tmp_path / "rows"
    laid_out(folder, "train.jsonl", "unsupervised.jsonl")
    found = find(str(folder))
    assert ({file.name for file in found.files}, found.part, found.test) == ({"train.jsonl"}, "train.jsonl", "")
    assert "not used: unsupervised.jsonl" in found.notes[-1].advice


@pytest.mark.parametrize("path", ["", "3", "[" * 5000])
def test_a_readme_that_lists_no_files_is_passed_over(tmp_path, path):
    folder = tmp_path / "rows"
    laid_out(folder, "train.jsonl", "test.jsonl")
    (folder / "README.md").write_text(f"---\nconfigs:\n- data_files:\n  - split: train\n    path: {path}\n---\n")
    assert find(str(folder)).part == "train.jsonl"
