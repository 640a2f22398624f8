"""Preference tuning: every loss and every method trained, each loss held against its formula."""

import json

import pytest

from engine import document
from engine.config import methods_of
from engine.goals.prefer import TRAINERS, PreferObjective
from engine.problem import Problem
from tests.facts import SHARED
from tests.forge import check_cell, forge, refused, rerun
from tests.preferences import ROLES, Batch, choices, described, loss_of, script_of, sums, tuned_model, verdicts

pytestmark = pytest.mark.slow

LOSSES = PreferObjective.model_fields["loss"].annotation.__args__
DPO = [loss for loss in LOSSES if loss not in TRAINERS]
SPAN = {"sigmoid": 0.6931, "hinge": 1.0}


def measured(folder):
    """The saved model's and the base's log-probabilities of the test rows, as a batch of pairs."""
    import torch

    script = script_of(folder)
    tokenizer = script.load_tokenizer()
    script.set_template(tokenizer)
    rows = script.pair_tokens(script.read_pairs()[1], tokenizer)
    tuned, base = tuned_model(folder, script), script.load_model().eval()
    sides = rows["chosen_ids"], rows["rejected_ids"]
    logs = [sums(model, rows["prompt_ids"], side) for model in (tuned, base) for side in sides]
    return script, rows, tuned, Batch(*logs, *(torch.tensor([len(ids) for ids in side]) for side in sides))


def table(results):
    return {row["name"]: row for row in results["metrics"]}


@pytest.mark.parametrize("loss", DPO)
def test_every_loss_of_dpos_family_trains_and_equals_its_formula(loss, llama, tmp_path):
    run = described("prefer", "lora", llama, tmp_path, choices(), objective={"loss": loss})
    folder, known = check_cell(run, tmp_path)
    rows = table(known.finished["results"])
    script, _, _, batch = measured(folder)
    assert rows["eval_loss"]["tuned"] == pytest.approx(
        loss_of(loss, batch, script.BETA, script.LABEL_SMOOTHING), abs=1e-4
    )
    assert rows["eval_loss"]["tuned"] != pytest.approx(rows["eval_loss"]["baseline"], abs=1e-3)


def rewards(batch, beta):
    """What the results call the rewards, from the log-ratios."""
    good, bad = beta * batch.good, beta * batch.bad
    return {
        "rewards/chosen": float(good.mean()),
        "rewards/rejected": float(bad.mean()),
        "rewards/margins": float((good - bad).mean()),
        "rewards/accuracies": float((good > bad).float().mean()),
    }


@pytest.mark.parametrize("method", methods_of("prefer"))
def test_every_method_trains_its_own_weights_and_the_saved_model_has_the_rewards_that_were_reported(
    method, llama, tmp_path
):
    from safetensors.torch import load_file

    one = (
        {"method": {"last": 1}}
        if method == "layers"
        else {"training": {"learning_rate": 2e-2 if method == "ia3" else 5e-3}}
    )
    folder, known = check_cell(described("prefer", method, llama, tmp_path, choices(), **one), tmp_path)
    results = known.finished["results"]
    rows = table(results)
    script, _, _, batch = measured(folder)
    loose = 2e-2 if method in ("qlora", "lora8") else 1e-4  # packed weights are unpacked for other batches elsewhere
    assert rows["eval_loss"]["tuned"] == pytest.approx(loss_of("sigmoid", batch, script.BETA, 0.0), abs=loose)
    for name, value in rewards(batch, script.BETA).items():
        assert rows[name]["tuned"] == pytest.approx(value, abs=10 * loose), name
        assert rows[name]["baseline"] == (0.5 if name == "rewards/accuracies" else 0.0)  # its own reference: all ties
        assert len(known.evaluated[name]) == 2
        assert len(known.metrics[name]) == 4
    assert rows["rewards/margins"]["tuned"] > 0.01
    assert rows["eval_loss"]["baseline"] == pytest.approx(0.6931, abs=1e-3)
    saved = load_file(next((folder / "output" / "model").glob("*.safetensors")))
    before = load_file(llama / "model.safetensors")
    moved = {name for name in saved if name not in before or not saved[name].equal(before[name])}
    if method == "layers":
        assert {name.split(".")[2] for name in moved if "layers" in name} == {"1"}
        assert not any("embed" in name for name in moved)
    elif method == "full":
        assert moved == set(saved)
    else:
        assert all("lora_" in name or "ia3_" in name for name in saved)
    assert not (folder / "output" / "model" / "ref").exists()


def nll(model, texts):
    """The mean negative log-probability of a word: `texts` are pairs of tokens that are given and that are learned."""
    told = [(sums(model, [start], [rest]), len(rest)) for start, rest in texts]
    return float(-sum(total for total, _ in told) / sum(length for _, length in told))


def without_reference(loss, script, rows, tuned, batch):
    """ORPO, CPO and SimPO by their papers' formulas."""
    from torch.nn.functional import softplus

    beta, words = script.BETA, (batch.chosen / batch.chosen_length, batch.rejected / batch.rejected_length)
    pairs = list(zip(rows["prompt_ids"], rows["chosen_ids"], strict=True))
    if loss == "orpo":
        odds = [mean - (-mean.exp()).log1p() for mean in words]
        whole = nll(tuned, [(prompt[:1], prompt[1:] + answer) for prompt, answer in pairs])
        return whole + beta * float(softplus(-(odds[0] - odds[1])).mean())
    if loss == "cpo":
        return nll(tuned, pairs) * script.CPO_ALPHA + float(softplus(-beta * (batch.chosen - batch.rejected)).mean())
    return float(softplus(-(beta * (words[0] - words[1]) - script.GAMMA)).mean())


@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("loss", ["orpo", "cpo", "simpo"])
def test_losses_without_a_reference_train_and_equal_their_formulas(loss, method, llama, tmp_path):
    run = described("prefer", method, llama, tmp_path, choices(), objective={"loss": loss})
    folder, known = check_cell(run, tmp_path)
    rows = table(known.finished["results"])
    script, told, tuned, batch = measured(folder)
    by_hand = without_reference(loss, script, told, tuned, batch)
    assert rows["eval_loss"]["tuned"] == pytest.approx(by_hand, abs=1e-4)
    assert rows["eval_loss"]["tuned"] < rows["eval_loss"]["baseline"] - 0.01
    assert rows["rewards/margins"]["tuned"] > rows["rewards/margins"]["baseline"]
    assert rows["rewards/chosen"]["baseline"] < 0
    assert (known.finished["results"]["trainable"] == known.finished["results"]["parameters"]) == (method == "full")


@pytest.mark.parametrize(
    ("loss", "method", "reference", "rows"),
    [
        ("kto", "lora", "once", verdicts()),
        ("kto", "lora", "live", verdicts()),
        ("kto", "full", "once", verdicts()),
        ("kto", "full", "live", verdicts()),
        ("apo_zero_unpaired", "lora", "once", choices(10)),
    ],
    ids=["lora", "lora-live", "full", "full-live", "apo"],
)
def test_judged_answers_train_and_equal_the_formula(loss, method, reference, rows, llama, tmp_path):
    import torch

    run = described(
        "prefer", method, llama, tmp_path, rows, objective={"loss": loss, "reference": reference, "bad_weight": 2.0}
    )
    folder, known = check_cell(run, tmp_path)
    found = table(known.finished["results"])
    script = script_of(folder)
    tokenizer = script.load_tokenizer()
    script.set_template(tokenizer)
    told = script.verdict_tokens(script.read_verdicts()[1], tokenizer)
    tuned, base = tuned_model(folder, script), script.load_model().eval()
    prompts, good = told["prompt_ids"], torch.tensor(told["label"])
    ratio, drift = (
        sums(tuned, prompts, told[name]) - sums(base, prompts, told[name])
        for name in ("completion_ids", "KL_completion_ids")
    )
    assert len(told) == 4  # one batch, so that the drift of the whole test is that of its only batch
    zero = drift.mean().clamp(min=0) if loss == "kto" else 0.0
    value = torch.sigmoid(script.BETA * torch.where(good, ratio - zero, zero - ratio))
    by_hand = float((torch.where(good, 1.0, 2.0) * (1 - value)).mean())
    assert found["eval_loss"]["tuned"] == pytest.approx(by_hand, abs=1e-4)
    assert found["eval_loss"]["tuned"] < found["eval_loss"]["baseline"] - 1e-3
    right = float(((ratio > 0) == good).float().mean())
    assert found["rewards/accuracies"]["tuned"] == pytest.approx(right)
    assert found["rewards/accuracies"]["baseline"] == 0.5
    for name, side in (("rewards/chosen", good), ("rewards/rejected", ~good)):
        assert found[name]["tuned"] == pytest.approx(script.BETA * float(ratio[side].mean()), abs=1e-4)
    assert len(known.metrics["rewards/accuracies"]) == 4


@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_reference_asked_once_gives_the_losses_of_one_asked_in_every_step(method, llama, tmp_path):
    curves = []
    for reference in ("once", "live"):
        run = described("prefer", method, llama, tmp_path, choices(), objective={"reference": reference})
        _, known = forge(run, tmp_path / reference)
        curves.append([known.metrics["loss"].values, known.evaluated["eval_loss"].values])
    for once, live in zip(*curves, strict=True):
        assert list(once) == pytest.approx(list(live), abs=1e-4)


SPOKEN = [
    {
        side: f"\n\nHuman: {row['prompt']}\n\nAssistant: hm?\n\nHuman: say it\n\nAssistant: {row[side]}"
        for side in ("chosen", "rejected")
    }
    for row in choices()
]
RANKED = [
    {"prompt": row["prompt"], "ranked": [row["chosen"], "it is some colour", row["rejected"]]} for row in choices(15)
]
ALONE = [{"prompt": row["prompt"], "completion": row["chosen"]} for row in choices()]
CHATS = [
    {
        "messages": [{"role": "user", "content": row["prompt"]}, {"role": "assistant", "content": row["completion"]}],
        "label": row["label"],
    }
    for row in verdicts()
]


@pytest.mark.parametrize(
    ("rows", "sections", "pairs"),
    [
        (SPOKEN, {}, 20),
        (RANKED, {"objective": {"loss": "simpo"}}, 45),
        (RANKED, {"data": {"ranked_pairs": "adjacent"}}, 30),
        (ALONE, {"data": {"answer_tokens": 6}}, 20),
        (ALONE, {"data": {"answer_tokens": 6, "temperature": 1.0}, "objective": {"loss": "kto"}}, 40),
        (CHATS, {"objective": {"loss": "kto"}}, 20),
    ],
    ids=["transcripts", "ranked", "adjacent", "from-sft", "from-sft-kto", "judged-chats"],
)
def test_every_form_of_rows_becomes_preferences(rows, sections, pairs, llama, tmp_path):
    folder, known = check_cell(described("prefer", "lora", llama, tmp_path, rows, **sections), tmp_path)
    results = known.finished["results"]
    assert results["train_rows"] + results["test_rows"] == pairs
    assert table(results)["eval_loss"]["tuned"] < table(results)["eval_loss"]["baseline"]
    script = script_of(folder)
    if rows is ALONE and not sections.get("objective"):
        pair = script.read_pairs()[1][0]
        assert pair["rejected"][0]["content"] == script.own_answers([], 1, None)[16][0] != pair["chosen"][0]["content"]
    if rows is SPOKEN:
        pair = script.read_pairs()[1][0]
        assert [turn["role"] for turn in pair["prompt"]] == ["user", "assistant", "user"]
        assert pair["chosen"][0]["content"].startswith("it is ")


def test_pairs_that_tell_nothing_apart_are_left_out_and_counted(llama, tmp_path):
    rows = [{**row, "rejected": row["chosen"] if n % 4 == 0 else row["rejected"]} for n, row in enumerate(choices())]
    folder, known = forge(described("prefer", "lora", llama, tmp_path, rows), tmp_path / "runs")
    results = known.finished["results"]
    assert results["train_rows"] + results["test_rows"] == 15
    reasons = [json.loads(line)["reason"] for line in (folder / "dropped.jsonl").read_text().splitlines()]
    assert set(reasons) == {"equal_answers"}
    assert "rows are left out" in (folder / "log.txt").read_text()


@pytest.mark.parametrize(
    ("rows", "sections", "said"),
    [
        ([{**row, "rejected": row["chosen"]} for row in choices()], {}, "nothing to prefer"),
        ([{"chosen": f"{n} one", "rejected": f"two {n}"} for n in range(20)], {}, "nothing to prefer"),
        ([{**row, "label": True} for row in verdicts()], {"objective": {"loss": "kto"}}, "both good and bad"),
        ([{**row, "label": "perhaps"} for row in verdicts()], {"objective": {"loss": "kto"}}, "true or false"),
        (
            [{**row, "chosen": row["chosen"] * 9, "rejected": row["chosen"] * 10} for row in choices()],
            {"training": {"max_length": 8}},
            "raise training.max_length",
        ),
    ],
    ids=["equal", "no-prompt", "one-kind", "no-label", "cut"],
)
def test_rows_that_cannot_teach_are_refused_before_weights_are_loaded(rows, sections, said, llama, tmp_path):
    run = described("prefer", "lora", llama, tmp_path, rows, **sections)
    failed = refused(run, tmp_path / "runs")
    assert said in failed["message"]
    assert "phase" not in failed
    events = (next((tmp_path / "runs").iterdir()) / "events.jsonl").read_text()
    assert '"name": "data"' in events and '"name": "model"' not in events


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"objective": {"loss": "robust", "label_smoothing": 0.0}}, "set label_smoothing above 0"),
        ({"objective": {"loss": "hinge", "label_smoothing": 0.1}}, "knows no label_smoothing"),
        (
            {"objective": {"loss": "ipo"}, "data": {"columns": {"prompt": "p", "completion": "c", "label": "l"}}},
            "to kto",
        ),
        ({"objective": {"loss": "kto"}, "training": {"batch": 1}}, "set training.batch to 2"),
        ({"method": {"init": "pissa"}, "objective": {"reference": "live"}}, "set objective.reference to once"),
        ({"method": {"targets": ["q_proj", "lm_head"]}}, "leave it out of method.targets"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(sections, said, tmp_path):
    with pytest.raises(Problem, match=said):
        document.check(described("prefer", "lora", tmp_path, tmp_path, choices(), **sections))


def test_a_sparse_run_gets_the_numbers_of_its_loss():
    assert PreferObjective(loss="robust").label_smoothing == 0.1
    assert PreferObjective(loss="exo_pair").label_smoothing == 1e-3
    assert PreferObjective(loss="simpo").beta == 2.0
    assert PreferObjective(loss="simpo").cpo_alpha == 0.0
    assert PreferObjective().beta == 0.1


def test_both_rewards_falling_is_said_once_with_the_reason():
    from types import SimpleNamespace

    import torch

    from engine.recipes.parts.preference.untouched_rewards import UntouchedRewards
    from engine.worker.watchdog.watcher import Watcher

    said = []
    watcher = Watcher(lambda found, step: said.append((found.code, found.message, found.advice)))
    watcher.checks = [check for check in watcher.checks if type(check).__name__ == "RewardsFall"]

    def evaluate(step, chosen, rejected, *callbacks):
        metrics = {
            "eval_loss": 0.5,
            "eval_rewards/chosen": chosen,
            "eval_rewards/rejected": rejected,
            "eval_rewards/margins": chosen - rejected,
            "eval_rewards/accuracies": 0.0,
        }
        for callback in (*callbacks, watcher):
            callback.on_evaluate(None, SimpleNamespace(global_step=step), None, metrics=metrics)
        return metrics

    assert evaluate(0, 1e-7, -1e-7, UntouchedRewards()) == {
        "eval_loss": 0.5,
        "eval_rewards/chosen": 0.0,
        "eval_rewards/rejected": 0.0,
        "eval_rewards/margins": 0.0,
        "eval_rewards/accuracies": 0.5,
    }
    args = SimpleNamespace(get_warmup_steps=lambda steps: 0)
    watcher.on_train_begin(args, SimpleNamespace(global_step=0, max_steps=100), None, model=torch.nn.Linear(2, 2))
    evaluate(10, 0.2, -0.5)  # the better answers rise
    evaluate(20, -0.01, -1.5)  # they fall a little beside a wide margin
    assert said == []
    evaluate(30, -0.8, -2.0)
    evaluate(40, -1.8, -3.0)
    assert [code for code, _, _ in said] == ["rewards_fall"]
    assert "step 30" in said[0][1] and "-0.800" in said[0][1]
    assert "objective.beta" in said[0][2]
    assert evaluate(50, -3.0, -3.5, UntouchedRewards())["eval_rewards/chosen"] == -3.0


PROMPTS = [{"prompt": row["prompt"]} for row in choices(24)]
TRIES = {"data": {"tries": 3, "answer_tokens": 6}, "training": {"batch": 4}}


def own_pairs(folder):
    """The pairs that a run made of its own answers, with the answers and their rewards."""
    import json

    output = folder / "output"
    answers, rows = (json.loads((output / name).read_text()) for name in ("own_answers.json", "own_rewards.json"))
    script = script_of(folder)
    train, test = script.read_pairs()
    return [*train, *test], answers, rows


@pytest.mark.parametrize("loss", ["sigmoid", "kto"])
def test_a_function_tells_the_better_of_the_models_own_answers(loss, llama, tmp_path):
    (tmp_path / "reward.py").write_text(
        "def pay(prompts, completions, **columns):\n    return [float(text.count('e')) for text in completions]\n"
    )
    objective = {
        "loss": loss,
        "reward": {"function": f"{tmp_path / 'reward.py'}:pay"},
        "trust_reward_code": True,
    }
    run = described("prefer", "lora", llama, tmp_path, PROMPTS, **TRIES, objective=objective)
    folder, known = forge(run, tmp_path / "runs")
    pairs, answers, rows = own_pairs(folder)
    assert len(answers) == len(rows) == 24 and {len(texts) for texts in answers} == {3}
    assert pairs
    for pair in pairs:
        better, worse = pair["chosen"][0]["content"], pair["rejected"][0]["content"]
        assert better.count("e") > worse.count("e")
    assert table(known.finished["results"])["eval_loss"]["tuned"] != pytest.approx(
        0.693147 if loss == "sigmoid" else 0.5, abs=1e-5
    )


def test_a_reward_model_tells_the_better_of_the_models_own_answers_as_a_chain_needs_it(llama, tmp_path):
    judge, _ = forge(described("reward", "lora", llama, tmp_path, choices()), tmp_path / "runs")
    reward = {"model": str(judge / "output" / "model")}
    run = described("prefer", "lora", llama, tmp_path, PROMPTS, **TRIES, objective={"reward": reward})
    folder, _ = check_cell(run, tmp_path)
    pairs, _, rows = own_pairs(folder)
    for row in rows:
        ranked = sorted(zip(row["rewards"], row["answers"], strict=True))
        made = [pair for pair in pairs if pair["prompt"] == row["prompt"]]
        if ranked[0][0] < ranked[-1][0] and ranked[0][1] != ranked[-1][1]:
            assert [made[0]["rejected"][0]["content"], made[0]["chosen"][0]["content"]] == [ranked[0][1], ranked[-1][1]]


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({}, "say in objective.reward who judges"),
        ({"objective": {"reward": {"model": "m"}}, "data": {"temperature": 0.0}}, "set data.temperature above 0"),
        ({"objective": {"reward": {"model": "m", "function": "a.py:b"}}}, "a reward is a model or a function"),
        (
            {"objective": {"reward": {"model": "m"}}, "data": {"columns": {"prompt": "p", "completion": "c"}}},
            "map the prompt alone",
        ),
    ],
)
def test_prompts_alone_need_somebody_who_judges(sections, said, tmp_path):
    with pytest.raises(Problem) as problem:
        document.check(described("prefer", "lora", tmp_path, tmp_path, PROMPTS, **sections))
    assert said in problem.value.sentence


@pytest.mark.parametrize(
    ("part", "file", "roles", "count"),
    [
        ("given", "hh_rlhf_harmless/test.jsonl", ROLES, 2304),
        ("given", "preference_dpo_en/dpo_messages.jsonl", ROLES, 300),
        ("given", "preference_dpo_en/dpo_plain.jsonl", ROLES, 114),
        ("transcripts", "formats/files/hh_rlhf_strings.jsonl.gz", ROLES[1:], 8),
        ("transcripts", "formats/files/hh_rlhf_tiny.json", ROLES[1:], 1),
    ],
)
def test_rows_that_people_have_become_conversations(part, file, roles, count, llama):
    import importlib

    from transformers import AutoTokenizer

    from engine.recipes.parts import conversation, pair_tokens, pairing, reading
    from engine.recipes.parts import roles as columns
    from engine.recipes.parts.data.load.general import read

    source = SHARED / "data" / file
    if not source.exists():
        pytest.skip(
            f"{source} is not on this machine: the shared data sets are part of the workshop, not of the project"
        )
    rows = columns.roles(read(str(source)), {role: role for role in roles})
    made = pairing.preferences(rows, importlib.import_module(f"engine.recipes.parts.pairs.{part}").pairs_of)
    assert (len(rows), len(made)) == (count, count)
    for pair in made:
        assert pair["prompt"][-1]["role"] == "user" and pair["prompt"][0]["content"]
        assert not any("\n\nHuman:" in turn["content"] for turn in pair["prompt"])
        assert pair["chosen"][0]["role"] == pair["rejected"][-1]["role"] == "assistant"
    tokenizer = AutoTokenizer.from_pretrained(llama)
    tokenizer.chat_template = conversation.plain_template()
    end, longest = tokenizer.eos_token_id, reading.MAX_LENGTH
    few = made.select(range(min(30, count)))
    for row in pair_tokens.pair_tokens(few, tokenizer):
        for side in ("chosen_ids", "rejected_ids"):
            whole = row["prompt_ids"] + row[side]
            assert len(whole) <= longest and row["prompt_ids"][0] == tokenizer.bos_token_id
            assert row[side].count(end) == (1 if len(whole) < longest else row[side].count(end))


def test_what_is_too_long_loses_the_beginning_of_its_prompt_and_ends_once(llama, monkeypatch):
    from transformers import AutoTokenizer

    from engine.recipes.parts import answer_tokens, conversation, fitted

    tokenizer = AutoTokenizer.from_pretrained(llama)
    tokenizer.chat_template = conversation.plain_template()
    prompt = [{"role": "user", "content": "colour of door 1? " * 8}]
    answers = [[{"role": "assistant", "content": text}] for text in ("it is red.", "it is red. or blue. or white.")]
    whole, told, uncut = answer_tokens.answered(prompt, answers, tokenizer)
    monkeypatch.setattr(fitted, "MAX_LENGTH", 40)
    short, same, cut = answer_tokens.answered(prompt, answers, tokenizer)
    assert told == same and all(
        ids.count(tokenizer.eos_token_id) == 1 == ids[::-1].index(tokenizer.eos_token_id) + 1 for ids in told
    )
    assert len(short) + max(map(len, told)) == 40 < len(whole)
    assert short == [whole[0], *whole[len(whole) - len(short) + 1 :]]
    assert tokenizer.decode(short + told[0]).endswith("### Assistant:\nit is red.</s>")
    assert (uncut, cut) == (0, 1)
    monkeypatch.setattr(fitted, "MAX_LENGTH", 6)
    half, told, cut = answer_tokens.answered(prompt, answers, tokenizer)
    assert len(half) == 3 and max(map(len, told)) == 3 and cut == 3
    assert not any(tokenizer.eos_token_id in answer for answer in told)


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("Human: hi\n\nAssistant: ho\n\nHuman: so?\n\nAssistant:", ["user", "assistant", "user"]),
        ("\n\nHuman: hi\n\nHuman: there\n\nAssistant: ho", ["user", "assistant"]),
        ("a question about Human: rights", []),
        ("before\n\nHuman: hi\n\nAssistant: ho", []),
    ],
)
def test_transcripts_are_told_from_other_texts(text, turns):
    from engine.recipes.parts.spoken import as_turns, transcript

    assert [turn["role"] for turn in transcript(text)] == turns
    if not turns:
        assert as_turns(text, "user") == [{"role": "user", "content": text}]


def test_batches_of_an_evaluation_are_even():
    from datasets import Dataset

    from engine.recipes.parts.pair_tokens import even_batches

    for count, largest, kept, size in [
        (10, 8, 10, 5),
        (4, 8, 4, 4),
        (101, 8, 100, 5),
        (16, 4, 16, 4),
        (1, 1, 1, 1),
        (3, 16, 3, 3),
    ]:
        rows, batch = even_batches(Dataset.from_dict({"n": list(range(count))}), largest)
        assert (len(rows), batch) == (kept, size)


@pytest.mark.parametrize(
    ("goal", "method", "objective", "rows"),
    [
        ("prefer", "lora", {}, choices()),
        ("prefer", "lora", {"reference": "live"}, choices()),
        ("prefer", "full", {}, choices()),
        ("prefer", "lora", {"loss": "orpo"}, choices()),
        ("prefer", "lora", {"loss": "kto"}, verdicts()),
        ("reward", "lora", {}, choices()),
    ],
    ids=["dpo", "dpo-live", "dpo-full", "orpo", "kto", "reward"],
)
def test_a_broken_training_goes_on_and_ends_where_the_unbroken_one_did(goal, method, objective, rows, llama, tmp_path):
    import shutil

    noise = {"dropout": 0.1} if method == "lora" else {}
    often = {"evaluate_every": 2, "save_every": 2}
    run = described(goal, method, llama, tmp_path, rows, objective=objective, method=noise, training=often)
    folder, known = forge(run, tmp_path / "runs")
    output = folder / "output"
    for lost in ("checkpoint-4", "model"):
        shutil.rmtree(output / lost)
    (output / "results.json").unlink()
    assert (output / "checkpoint-2").exists()
    again, whole = rerun(folder), known.finished["results"]
    for one, other in zip(again["metrics"], whole["metrics"], strict=True):
        assert one["tuned"] == pytest.approx(other["tuned"], abs=1e-6), one["name"]
        assert one["baseline"] == other["baseline"]
    assert again["samples"] == whole["samples"]
