"""What all rows show decides how a run splits and checks them."""

from dataclasses import replace

import pytest

from engine.data import look
from engine.guide import Facts, recommend
from tests.facts import LLAMA_7B, T4, machine, model
from tests.tiny import write_rows

ROWS = {number: {"prompt": f"ask {number}", "completion": f"say {number}"} for number in range(300)}


@pytest.mark.parametrize(
    ("changed", "split", "empty_rows"),
    [
        ({}, "content", "refuse"),
        ({7: {"prompt": "ask 7", "completion": " "}}, "content", "drop"),
        ({7: {"prompt": None, "completion": "say 7"}}, "content", "drop"),
        ({n: {"prompt": "the same", "completion": "row"} for n in range(270)}, "filled", "refuse"),
        ({number: {**row, "doc_id": f"d{number // 9}"} for number, row in ROWS.items()}, "filled", "refuse"),
    ],
    ids=["plain", "blank", "missing", "equal", "groups"],
)
def test_what_all_rows_show_decides_how_they_are_split_and_checked(changed, split, empty_rows, tmp_path):
    data = look(str(write_rows(tmp_path / "rows.jsonl", [changed.get(number, row) for number, row in ROWS.items()])))
    llama = model(tmp_path / "llama", LLAMA_7B)
    plan = recommend({"goal": "sft"}, Facts(machine(T4), llama, data)).run.data
    assert (plan.split, plan.empty_rows) == (split, empty_rows)
    plan = recommend({"goal": "sft"}, Facts(machine(T4), llama, replace(data, counted=100))).run.data
    assert (plan.split, plan.empty_rows) == ("filled", "drop")
