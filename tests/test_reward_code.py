"""Python that pays a policy: found, shown, consented to, and copied beside the script; it is never run here."""

import hashlib

import pytest

from engine import document, run_folder, script
from engine.problem import Problem
from engine.reward_code import reward_code, settle
from tests.commands import complaint
from tests.tiny import talks, write_rows
from tests.training import trusted

CODE = "raise SystemExit('this must not run')\n\n\ndef pay(prompts, completions, **columns):\n    return []\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine" / "own reward.py"
    path.parent.mkdir()
    path.write_text(CODE)
    return path


def described(reward, **objective):
    return {
        "goal": "reinforce",
        "model": {"id": "a/model", "dtype": "fp32", "attention": "sdpa"},
        "data": {"train": "rows.jsonl", "columns": {"prompt": "prompt"}},
        "method": {"kind": "lora"},
        "objective": {"reward": reward, "chat_template": "own", **objective},
        "training": {"precision": "fp32"},
        "launch": {"device": "cpu"},
    }


def checked(file, **objective):
    return document.check(described({"function": f"{file}:pay"}, **objective))


def agreed(file, **objective):
    return trusted(checked(file, **objective))


def test_the_file_lies_beside_the_script_which_names_it_from_its_own_folder(file, tmp_path):
    folder = run_folder.create(agreed(file), tmp_path / "runs")
    assert (folder / "reward.py").read_text() == CODE
    digest = hashlib.sha256(CODE.encode()).hexdigest()
    text = (folder / "train.py").read_text()
    assert "REWARD: dict[str, str] = {'function': 'reward.py:pay'}" in text.replace('"', "'")
    assert f'REWARD_SHA256: str = "{digest}"' in text
    assert "trust" not in text.lower().replace("trusted", "").replace("trust_remote_code", "").replace(
        "trust_region", ""
    )

    file.write_text("something else")
    again = run_folder.load(folder)
    assert again.objective.reward == {"function": f"{folder / 'reward.py'}:pay"}
    assert run_folder.create(again, tmp_path / "again").joinpath("reward.py").read_text() == CODE


def test_an_exported_script_names_the_file_where_it_lies(file):
    assert f"{file}:pay" in script.assemble(checked(file))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "can't be read"),
        ("def pays(prompts, completions): return []", "has no function 'pay'; did you mean 'pays'?"),
        ("def pay(:", "is no Python .*line 1"),
        ("\0", "is no Python"),
    ],
)
def test_a_file_that_can_not_pay_is_told_before_anything_is_made(text, message, file, tmp_path):
    file.write_text(text) if text is not None else file.unlink()
    with pytest.raises(Problem, match=message):
        run_folder.create(checked(file), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("text", ["from other import pay", "import pay", "pay = print", "class pay: ..."])
def test_any_name_of_the_file_may_pay(text, file):
    file.write_text(text)
    assert reward_code(checked(file)).files[0].text == text


@pytest.mark.parametrize("reward", [{"model": "a/reward-model"}, {"function": "builtin:exact_match"}])
def test_no_consent_is_needed_where_no_code_of_the_users_runs(reward):
    chosen = document.check(described(reward))
    assert reward_code(chosen) is None and settle(chosen, None) == (chosen, {})
    sft = {**described(reward), "goal": "sft", "objective": {"chat_template": "own"}}
    assert reward_code(document.check(sft)) is None


def test_paths_of_a_reward_are_taken_from_the_files_own_folder(file, tmp_path):
    inside = tmp_path / "mine"
    (inside / "runs" / "reward-1" / "output" / "model").mkdir(parents=True)

    def resolved(**reward):
        return document.resolve({"goal": "reinforce", "objective": {"reward": reward}}, inside)["objective"]["reward"]

    assert resolved(function="own reward.py:pay") == {"function": f"{file}:pay"}
    assert resolved(function="later.py:pay") == {"function": f"{inside / 'later.py'}:pay"}
    assert resolved(function="builtin:contains") == {"function": "builtin:contains"}
    assert resolved(model="a/reward-model") == {"model": "a/reward-model"}
    assert resolved(model="runs/reward-1") == {"model": str(inside / "runs" / "reward-1" / "output" / "model")}
    assert resolved(model="./nowhere") == {"model": str(inside / "nowhere")}


@pytest.mark.parametrize(
    ("objective", "training", "message"),
    [
        ({"reward": {}}, {}, "a reward is a model or a function"),
        ({"reward": {"model": "m", "function": "f.py:pay"}}, {}, "a reward is a model or a function"),
        ({"reward": {"function": "f.py"}}, {}, "a Python file and a name in it"),
        ({"reward": {"function": "f.py:not a name"}}, {}, "a Python file and a name in it"),
        ({"reward": {"function": "builtin:luck"}}, {}, "there is no rule 'luck'; known: exact_match"),
        ({"generations": 5}, {"batch": 8, "accumulate": 3}, "24 a step are no groups of 5.*multiple of generations"),
        ({}, {"batch": 1}, "1 a step are no groups of 1"),
        ({"algorithm": "rloo", "entropy_coef": 0.1}, {}, "rloo has no entropy term"),
        ({"algorithm": "ppo", "minibatches": 9}, {"batch": 8}, "can't be cut into 9 parts"),
        ({"max_new_tokens": 64}, {"max_length": 64}, "leave no room for a prompt"),
    ],
)
def test_what_does_not_go_together_is_told(objective, training, message):
    values = described(**{"reward": {"function": "builtin:contains"}, **objective})
    with pytest.raises(Problem, match=message):
        script.assemble(document.check({**values, "training": {**values["training"], **training}}))


@pytest.mark.parametrize("init", ["pissa", "olora"])
def test_an_adapter_that_changes_the_base_has_no_reference(init):
    values = described({"function": "builtin:contains"})
    with pytest.raises(Problem, match="which is the reference here when the adapter is switched off"):
        document.check({**values, "method": {"kind": "lora", "init": init}})


def test_ppo_learns_several_times_from_an_answer_and_the_others_once():
    for algorithm, iterations in (("ppo", 4), ("rloo", 1), ("grpo", 1)):
        values = described({"function": "builtin:contains"}, algorithm=algorithm)
        assert document.check(values).objective.iterations == iterations


@pytest.mark.slow
def test_the_command_line_says_what_would_run_and_how_to_allow_it(file, llama, tmp_path):
    write_rows(tmp_path / "rows.jsonl", [{"prompt": row["prompt"]} for row in talks(24)])
    (tmp_path / "run.yaml").write_text(
        f"goal: reinforce\nmodel: {{id: {llama}}}\ndata: {{train: rows.jsonl, columns: {{prompt: prompt}}}}\n"
        "objective: {reward: {function: 'mine/own reward.py:pay'}}\n"
    )
    said = complaint("run", "run.yaml", cwd=tmp_path, status=1)
    assert str(file) in said and hashlib.sha256(CODE.encode()).hexdigest() in said
    assert "read it, then repeat the command with --trust" in said
    assert not (tmp_path / "runs").exists()


def test_what_is_typed_into_the_wizard_becomes_a_reward(file):
    from tui.widgets.demand import meant

    assert meant("objective.reward", "builtin:last_number") == {"function": "builtin:last_number"}
    assert meant("objective.reward", f"{file}:pay") == {"function": f"{file}:pay"}
    assert meant("objective.reward", "a/reward-model") == {"model": "a/reward-model"}
