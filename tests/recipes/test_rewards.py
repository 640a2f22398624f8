"""Who pays a policy: Python of the user's, a rule, a reward model; and what is wrong with them, said before weights."""

import json
from pathlib import Path

import pytest

from engine.goals.reinforce import group_size as planned_size
from engine.goals.rewards import RULES
from engine.recipes.parts.questions import Question
from engine.recipes.parts.reward import function, rule
from engine.worker.watchdog.rewards import RewardHacking
from engine.worker.watchdog.watcher import Watcher
from tests.forge import forge, refused
from tests.reinforcements import PAY, described, reward_file
from tests.training import curves, whole_script


def asked(count=2, **columns):
    return [
        Question([{"role": "user", "content": f"ask {n}"}], f"ask {n}", [1, 2], dict(columns)) for n in range(count)
    ]


@pytest.fixture
def paying(tmp_path, monkeypatch):
    """Point the part at a reward file."""

    def use(text, name="pay"):
        (tmp_path / "reward.py").write_text(text)
        monkeypatch.setattr(function, "__file__", str(tmp_path / "train.py"))
        monkeypatch.setattr(function, "REWARD", {"function": f"reward.py:{name}"})
        return tmp_path / "reward.py"

    return use


SOUND = {
    "all columns": (
        "def pay(prompts, completions, **columns):\n    return [len(x) for x in columns['shade']]",
        [3.0, 3.0],
    ),
    "named ones": ("def pay(prompts, completions, shade):\n    return [len(x) for x in shade]", [3.0, 3.0]),
    "none": ("def pay(prompts, completions):\n    return [len(p) for p in prompts]", [5.0, 5.0]),
    "one with a default": ("def pay(prompts, completions, hue='x'):\n    return [1 for _ in hue] * 2", [1.0, 1.0]),
    "truths": ("def pay(prompts, completions):\n    return [True, False]", [1.0, 0.0]),
    "a tensor": ("import torch\ndef pay(prompts, completions):\n    return torch.tensor([1.5, -2.0])", [1.5, -2.0]),
    "a generator": ("def pay(prompts, completions):\n    return (i for i, _ in enumerate(prompts))", [0.0, 1.0]),
    "an object": (
        "class Pay:\n    def __call__(self, prompts, completions):\n        return [1, 2]\npay = Pay()",
        [1.0, 2.0],
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_functions_pay(name, paying):
    text, expected = SOUND[name]
    paying(text)
    function.check_reward(asked(shade="red"))
    assert function.load_reward()(asked(shade="red"), ["a", "b"]) == expected


UNSOUND = {
    "raises": (
        "def pay(prompts, completions):\n    first = completions[0]\n    return [first.split()[0] for c in completions]",
        r"reward\.py fails in line 3 \(return \[first.*\): IndexError: list index out of range; correct the file",
    ),
    "raises in a library": (
        "import json\ndef pay(prompts, completions):\n    return [json.loads(c) for c in completions]",
        r"reward\.py fails in line 3 \(.*\): JSONDecodeError",
    ),
    "too few": ("def pay(prompts, completions):\n    return [1.0]", "gave 1 numbers for 2 answers: one each"),
    "one number": ("def pay(prompts, completions):\n    return 1.0", "gave 1.0: it must give a list"),
    "a text": ("def pay(prompts, completions):\n    return 'ab'", "gave 'ab': it must give a list"),
    "nothing": ("def pay(prompts, completions):\n    pass", "gave None: it must give a list"),
    "a table": ("def pay(prompts, completions):\n    return {'a': 1, 'b': 2}", "it must give a list"),
    "texts": ("def pay(prompts, completions):\n    return ['1', '2']", "every one must be a finite number"),
    "no number": ("def pay(prompts, completions):\n    return [None, 1]", "every one must be a finite number"),
    "not finite": ("def pay(prompts, completions):\n    return [float('nan'), 1]", "every one must be a finite number"),
    "lists": ("def pay(prompts, completions):\n    return [[1, 2], [3, 4]]", "every one must be a finite number"),
    "no such name": ("def other(prompts, completions):\n    return [1, 1]", "has no function 'pay'"),
    "an unknown column": (
        "def pay(prompts, completions, size):\n    return size",
        "wants the column 'size', and the rows have shade",
    ),
    "a library that is not there": ("import nowhere_at_all\n", r"can't be loaded: it fails in line 1 .*nowhere_at_all"),
    "no Python": ("def pay(:\n", "can't be loaded: it fails in line 1: SyntaxError"),
}


@pytest.mark.parametrize("name", UNSOUND)
def test_unsound_functions_are_told_in_one_sentence(name, paying):
    text, message = UNSOUND[name]
    paying(text)
    with pytest.raises(ValueError, match=message) as caught:
        function.check_reward(asked(shade="red"))
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__context__ is None  # what is explained is this sentence


def test_a_file_that_was_changed_since_it_was_trusted_is_refused(paying, monkeypatch):
    file = paying(PAY)
    monkeypatch.setattr(function, "REWARD_SHA256", "0" * 64)
    with pytest.raises(ValueError, match="was changed since it was trusted"):
        function.check_reward(asked(shade="red"))
    file.unlink()
    with pytest.raises(ValueError, match="there is no reward file"):
        function.check_reward(asked(shade="red"))


@pytest.mark.parametrize(
    ("name", "answer", "right", "worth"),
    [
        ("exact_match", " It is  RED. ", "it is red", 1.0),
        ("exact_match", "it is red and blue", "it is red", 0.0),
        ("contains", "well, it is RED and blue", "red", 1.0),
        ("contains", "well", "red", 0.0),
        ("last_number", "first 3, then 1,234.50", "so much\n#### 1234.5", 1.0),
        ("last_number", "it is -7", "7", 0.0),
        ("last_number", "no idea", "7", 0.0),
        ("last_number", "no idea", "nor have I", 0.0),
    ],
)
def test_rules_pay_for_right_answers(name, answer, right, worth, monkeypatch):
    assert name in RULES
    monkeypatch.setattr(rule, "REWARD", {"function": f"builtin:{name}"})
    rows = asked(1, answer=right)
    rule.check_reward(rows)
    assert rule.load_reward()(rows, [answer]) == [worth]


def test_a_rule_wants_the_right_answers():
    with pytest.raises(ValueError, match="wants the right answer of every row"):
        rule.check_reward(asked(shade="red"))


@pytest.mark.parametrize(
    ("batch", "accumulate", "size"), [(8, 1, 8), (6, 4, 6), (12, 1, 6), (7, 1, 7), (11, 2, 2), (1, 4, 4), (32, 2, 8)]
)
def test_the_size_of_a_group_divides_the_answers_of_a_step(batch, accumulate, size):
    assert planned_size(batch, accumulate) == size


def watched(points):
    import torch
    from transformers import TrainerControl, TrainerState

    said = []
    watcher = Watcher(lambda found, step: said.append((found.code, found.message, found.advice)))
    watcher.checks = [check for check in watcher.checks if isinstance(check, RewardHacking)]
    state = TrainerState(max_steps=len(points))
    watcher.on_train_begin(None, state, TrainerControl(), model=torch.nn.Linear(2, 2))
    for step, point in enumerate(points, 1):
        state.global_step = step
        watcher.on_log(None, state, TrainerControl(), logs=dict(point, loss=1.0))
    watcher.on_log(None, state, TrainerControl(), logs={"eval_reward": 1.0})
    return said


def curve(steps=20, reward=(0.0, 1.0), kl=(0.0, 0.1), length=(20, 22), spread=1.0):
    def between(ends, step):
        return ends[0] + (ends[1] - ends[0]) * step / (steps - 1)

    return [
        {"reward": between(reward, n), "kl": between(kl, n), "length": between(length, n), "reward_std": spread}
        for n in range(steps)
    ]


def test_a_reward_that_climbs_within_bounds_is_no_news():
    assert watched(curve()) == []
    assert watched(curve(reward=(1.0, 0.0), kl=(0, 9), length=(10, 90))) == []


def test_a_reward_that_climbs_while_the_policy_strays_is_told_once():
    ((code, message, advice),) = watched(curve(kl=(0.0, 6.0)))
    assert code == "reward_hacking_kl"
    assert "stray from the untouched model" in message and "reward hacking" in advice and "kl_coef" in advice


def test_a_reward_that_climbs_while_answers_grow_is_told_once():
    ((code, message, _),) = watched(curve(length=(20, 80)))
    assert code == "reward_hacking_length"
    assert "grow (26 to 55 tokens)" in message


def test_answers_that_all_earn_the_same_are_told():
    ((code, message, _),) = watched(curve(reward=(0, 0), spread=0.0))
    assert code == "reward_flat"
    assert "nothing to learn from" in message


BROKEN = {
    "raises": (
        "def pay(prompts, completions, **columns):\n    return [1 / len(c) for c in completions]\n",
        "line 2 (return [1 / len(c) for c in completions]): ZeroDivisionError",
    ),
    "too many": ("def pay(prompts, completions, **columns):\n    return [0.0] * 3\n", "gave 3 numbers for 2 answers"),
    "a library": (
        "import nowhere_at_all\ndef pay(prompts, completions):\n    pass\n",
        "No module named 'nowhere_at_all'",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("algorithm", ["ppo", "grpo"])
def test_a_bad_reward_is_told_before_any_weights_are_loaded(algorithm, name, llama, tmp_path):
    text, message = BROKEN[name]
    run = described(algorithm, "lora", llama, tmp_path, {"reward": {"function": reward_file(tmp_path, text)}})
    failed = refused(run, tmp_path / "runs")
    assert failed["code"] == "error"
    assert message in failed["message"]
    assert phases(tmp_path / "runs") == ["libraries", "data"]


def phases(root):
    (journal,) = root.glob("*/events.jsonl")
    events = map(json.loads, journal.read_text().splitlines())
    return [event["name"] for event in events if event["type"] == "phase"]


@pytest.fixture(scope="module")
def reward_models(llama, tmp_path_factory):
    """A whole reward model, an adapter for one, and a classifier that is none; all with the plain chat template."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from engine.recipes.parts.conversation import plain_template

    tokenizer = AutoTokenizer.from_pretrained(llama)
    tokenizer.chat_template = plain_template()
    folders = {name: tmp_path_factory.mktemp(name) for name in ("whole", "adapter", "classes")}
    for name, labels in (("whole", 1), ("classes", 3)):
        torch.manual_seed(7)
        AutoModelForSequenceClassification.from_pretrained(llama, num_labels=labels).save_pretrained(folders[name])
    config = LoraConfig(task_type="SEQ_CLS", r=4, target_modules=["q_proj", "v_proj"])
    torch.manual_seed(8)
    adapted = get_peft_model(AutoModelForSequenceClassification.from_pretrained(llama, num_labels=1), config)
    torch.nn.init.normal_(adapted.base_model.model.score.modules_to_save["default"].weight)
    adapted.save_pretrained(folders["adapter"])
    for folder in folders.values():
        tokenizer.save_pretrained(folder)
    return folders


@pytest.mark.slow
@pytest.mark.parametrize(("algorithm", "kind"), [("ppo", "whole"), ("grpo", "adapter"), ("rloo", "whole")])
def test_a_reward_model_pays_what_it_says_of_the_answers(algorithm, kind, reward_models, llama, tmp_path):
    import torch
    from peft import AutoPeftModelForSequenceClassification
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    run = described(algorithm, "lora", llama, tmp_path, {"reward": {"model": str(reward_models[kind])}})
    folder, known = forge(run, tmp_path / "runs")
    assert len({value for _, value in curves(known)["reward"]}) == len(curves(known)["reward"]) > 1
    assert not (folder / "reward.py").exists()

    loader = AutoPeftModelForSequenceClassification if kind == "adapter" else AutoModelForSequenceClassification
    judge = loader.from_pretrained(reward_models[kind], num_labels=1).eval()
    tokenizer = AutoTokenizer.from_pretrained(reward_models[kind])
    script = loaded(folder)
    rows = [script.Question([{"role": "user", "content": text}], text, [], {}) for text in ("colour?", "a longer one?")]
    answers = ["it is red.", "blue"]
    paid = script.load_reward()(rows, answers)
    for one, answer, value in zip(rows, answers, paid, strict=True):
        turns = [*one.turns, {"role": "assistant", "content": answer}]
        tokens = tokenizer.apply_chat_template(turns, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            assert value == pytest.approx(judge(tokens).logits[0, 0].item(), abs=1e-5)


def loaded(folder):
    """The run's script as a module."""
    import importlib.util

    spec = importlib.util.spec_from_file_location(f"train_of_{folder.name}", whole_script(folder))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "message"),
    [("classes", "with 3 outputs"), ("llama", "it is a LlamaForCausalLM"), ("nowhere", "there is no model in")],
)
def test_what_is_no_reward_model_is_told_before_any_weights_are_loaded(kind, message, reward_models, llama, tmp_path):
    places = {"classes": reward_models["classes"], "llama": llama, "nowhere": Path(tmp_path / "nowhere")}
    run = described("ppo", "lora", llama, tmp_path, {"reward": {"model": str(places[kind])}})
    failed = refused(run, tmp_path / "runs")
    assert message in failed["message"]
    assert phases(tmp_path / "runs") == ["libraries", "data"]


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["ppo", "rloo"])
def test_a_rule_pays_without_any_code_of_the_users(algorithm, llama, tmp_path):
    reward = {"reward": {"function": "builtin:contains"}, "iterations": 1}
    run = described(algorithm, "lora", llama, tmp_path, reward, max_steps=6)
    run["objective"]["trust_reward_code"] = False
    run["data"]["columns"]["answer"] = "shade"
    folder, known = forge(run, tmp_path / "runs")
    assert not (folder / "reward.py").exists()
    assert [value for _, value in curves(known)["reward"]] == [0.0] * 6  # an untaught model is never right ...
    assert "reward_flat" in {warning["code"] for warning in known.warnings}  # ... and that is said


@pytest.mark.slow
@pytest.mark.parametrize("method", ["full", "lora"])
def test_what_the_goal_reward_makes_pays_a_policy(method, llama, tmp_path):
    from engine import document
    from tests.preferences import choices
    from tests.preferences import described as preferring

    made, _ = forge(preferring("reward", method, llama, tmp_path, choices()), tmp_path / "made")
    run = described("ppo", "lora", llama, tmp_path, {"reward": {"model": str(made)}})
    run = document.resolve(run, tmp_path)
    assert run["objective"]["reward"] == {"model": str(made / "output" / "model")}
    _, known = forge(run, tmp_path / "runs")
    paid = [value for _, value in curves(known)["reward"]]
    assert len(set(paid)) == len(paid) == 4
    assert "reward_flat" not in {warning["code"] for warning in known.warnings}
