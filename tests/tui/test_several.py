"""Several tasks in the wizard: typed as files with a plus between them, kept as they are when a run is opened again."""

from pathlib import Path

import pytest

from tests.tiny import talks, write_rows
from tests.tui.desk import Desk, at, open_at, sees, until
from tui.several import files, meant, written
from tui.widgets.entry import PathEntry


def test_a_plus_means_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.jsonl", "b.jsonl", "c + d.jsonl"):
        (tmp_path / name).write_text("{}\n")
    assert meant("a.jsonl") == str(tmp_path / "a.jsonl")
    assert meant("c + d.jsonl") == str(tmp_path / "c + d.jsonl")
    tasks = meant("a.jsonl + b.jsonl")
    assert tasks == [{"file": str(tmp_path / "a.jsonl")}, {"file": str(tmp_path / "b.jsonl")}]
    known = [{**task, "columns": {"prompt": "q"}, "weight": 2.0} for task in tasks]
    assert written(known).count(" * 2") == 2
    assert meant("a.jsonl * 0.5 + b.jsonl", known) == [{**known[0], "weight": 0.5}, {**known[1], "weight": 1.0}]
    assert meant("a.jsonl + b.jsonl", known) == [{**task, "columns": {"prompt": "q"}} for task in tasks]
    assert meant("b.jsonl + a.jsonl", known) == tasks[::-1]
    assert meant(written(known), known) == known
    assert files("x") == ["x"]


async def test_several_files_become_tasks_of_one_plan(desk: Desk) -> None:
    write_rows(desk.folder / "b.jsonl", [{"instruction": f"do {n}", "output": "done"} for n in range(150)])
    write_rows(desk.folder / "a.jsonl", talks(150))
    app = desk.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_at(pilot, "data")
        app.screen.query_one(PathEntry).value = "a.jsonl + b.jsonl"
        app.screen.query_one(PathEntry).focus()
        await pilot.press("enter")
        await sees(pilot, "tasks", "300 rows", "2 files")
        await pilot.press("enter")
        await at(pilot, "MethodScreen")
        await sees(pilot, "LoRA 16-bit")
        await pilot.press("enter")
        await at(pilot, "PlanScreen")
        await sees(pilot, "Teach", "a, b")
        await until(pilot, lambda: app.screen.wizard.thought is not None)
        run = app.screen.wizard.thought.plan.run
        assert [task.columns for task in run.data.tasks] == [
            {"prompt": "prompt", "completion": "completion"},
            {"instruction": "instruction", "output": "output"},
        ]
        await pilot.press("escape", "escape")
        await at(pilot, "DataScreen")
        assert app.screen.query_one(PathEntry).value == "a.jsonl + b.jsonl"
