"""Cases from the guides' own words and from published practice: what is advised, and by which rule."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine.data.facts import DataFacts
from engine.document import put
from engine.draft import leaves
from engine.guide import Facts, Plan, Wishes, questions, recommend
from engine.machine import Machine
from engine.model import look
from engine.problem import Problem
from engine.rules import holding, rules
from engine.tables import GOALS, table
from engine.traits import NAMES
from tests.facts import (
    A100,
    ASKED,
    BERT_BASE,
    LLAMA_7B,
    MINILM,
    QWEN_HALF_B,
    RTX_4090,
    T4,
    card,
    machine,
    model,
    rows_for,
)

A6000 = card("RTX A6000", 48, 47.5, (8, 6), "GPU-a6000")
LLAMA_65B = {**LLAMA_7B, "hidden_size": 8192, "num_hidden_layers": 80, "num_attention_heads": 64, "intermediate_size": 22016}  # fmt: skip
LLAMA_33B = {**LLAMA_7B, "hidden_size": 6656, "num_hidden_layers": 60, "num_attention_heads": 52, "intermediate_size": 17920}  # fmt: skip
MT0_LARGE = {
    "architectures": ["MT5ForConditionalGeneration"], "model_type": "mt5", "is_encoder_decoder": True, "d_model": 1024,
    "num_layers": 24, "num_decoder_layers": 24, "num_heads": 16, "d_kv": 64, "d_ff": 2816, "vocab_size": 250112,
    "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False,
}  # fmt: skip
BERT_LARGE = {**BERT_BASE, "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}  # fmt: skip
PACKED = {**QWEN_HALF_B, "quantization_config": {"quant_method": "awq", "bits": 4}}


TASKS = [{"file": name, "columns": {"prompt": "prompt", "completion": "completion"}} for name in ("a.jsonl", "b.jsonl")]


@dataclass(frozen=True)
class Case:
    """What a guide or a paper says, the facts that it speaks of, and what must be advised by which rule."""

    says: str
    rule: str
    goal: str = "sft"
    config: dict[str, Any] = field(default_factory=lambda: QWEN_HALF_B)
    chat: bool = True
    sentences: int = 0
    box: Machine = field(default_factory=lambda: machine(RTX_4090))
    rows: int = 4812
    classes: int = 8
    also: tuple[str, ...] = ()
    wishes: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    method: str = "lora"
    about: str = ""
    instead: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    warns: bool = False
    applies: bool = True


CASES = [
    # the guides' own words
    Case("little memory: LoRA", "little-memory", config=LLAMA_7B, about="lora"),
    Case("very little memory: QLoRA", "very-little-memory", config=LLAMA_7B, box=machine(T4), method="qlora", about="qlora"),
    Case("try LoRA first", "lora-first", box=machine(A100), about="lora"),
    Case("full tuning only if LoRA's result is not enough, and it fits", "full-later", box=machine(A100), about="full"),
    Case("where the best counts full tuning is not put off", "full-later", box=machine(A100), wishes={"trouble": "any"}, applies=False),
    Case("full tuning does not fit: it is not even later", "full-later", config=LLAMA_7B, applies=False),
    Case("labelled data and high demands: SFT", "labels-mean-tuning", goal="baseline", also=("sft",), rows=3000, wishes={"demands": "high"}, method="none", instead="sft"),
    Case("hardly any data: zero- or few-shot first", "few-rows", rows=40, instead="baseline", warns=True),
    Case("no set-up wanted: zero- or few-shot first", "no-set-up", wishes={"trouble": "least"}, instead="baseline"),
    Case("preferences: DPO before PPO", "dpo-before-ppo", goal="reinforce", wishes={"signal": "comparisons"}, instead="prefer"),
    Case("preferences in the rows: DPO before PPO", "comparisons-in-the-rows", goal="reinforce", also=("prefer",), instead="prefer"),
    Case("PPO where a long-term reward matters and compute allows", "ppo-for-the-long-run", goal="reinforce", box=machine(A100), wishes={"signal": "longterm"}, fields={"objective.algorithm": "ppo"}),
    Case("Xu et al. 2024: PPO for the best result", "ppo-for-the-best", goal="reinforce", box=machine(A100), wishes={"trouble": "any"}, fields={"objective.algorithm": "ppo"}),
    Case("a long-term reward without a GPU", "ppo-needs-a-card", goal="reinforce", box=machine(ram_gib=30), wishes={"signal": "longterm"}, warns=True),
    Case("a long-term reward without the memory", "ppo-needs-memory", goal="reinforce", config=LLAMA_7B, wishes={"signal": "longterm"}, warns=True),
    Case("the long-term reward of preferences", "rewards-for-the-long-run", goal="prefer", box=machine(A100), wishes={"signal": "longterm"}, instead="reinforce"),
    Case("a few hundred to a few thousand good rows are needed", "few-rows", rows=199, instead="baseline", warns=True),
    Case("a few hundred rows are enough to begin", "few-rows", rows=300, applies=False),
    Case("fewer pairs get a warning", "few-pairs", goal="prefer", rows=120, warns=True),
    Case("a reward model under about 2,000 comparisons is near chance", "few-comparisons", goal="reward", rows=800, instead="prefer", warns=True),
    Case("a reward model on 5,000 comparisons", "few-comparisons", goal="reward", rows=5000, applies=False),
    Case("preferences on a base model: SFT first", "imitate-first", goal="prefer", chat=False, instead="sft", warns=True),
    Case("preferences on what SFT made of a base model", "imitate-first", goal="prefer", chat=False, answers={"model": {"origin": "sft-run"}}, applies=False),
    Case("a domain far away: task-adaptive pre-training first", "pretrain-first", wishes={"distance": "far"}, instead="pretrain"),
    Case("a domain close by needs no pre-training", "pretrain-not-needed", goal="pretrain", wishes={"distance": "near"}, instead="sft"),
    Case("PEFT against forgetting", "adapters-forget-less", wishes={"keep": "yes"}, about="lora"),
    Case("old abilities must stay", "keep-by-replay", wishes={"keep": "yes"}, fields={"retention.kind": "replay"}),
    Case("old abilities must stay, and here are rows of them", "keep-by-replaying-rows", goal="classify", config=BERT_BASE, wishes={"keep": "yes"}, answers={"data": {"keep": "old.jsonl"}}, fields={"retention.kind": "replay"}),
    Case("old abilities of a model that writes nothing", "keep-needs-rows", goal="classify", config=BERT_BASE, wishes={"keep": "yes"}, warns=True),
    Case("several tasks at once against forgetting", "several-tasks", answers={"data": {"train": TASKS}}, about="full"),
    # papers and threads
    Case("QLoRA: 33B on 24 GB", "very-little-memory", config=LLAMA_33B, answers={"training": {"max_length": 512}}, method="qlora"),
    Case("QLoRA: 65B on 48 GB", "very-little-memory", config=LLAMA_65B, box=machine(A6000), answers={"training": {"max_length": 512}}, method="qlora"),
    Case("Lester et al. 2021: prompt tuning is for large models", "prompts-need-size", about="prompt"),
    Case("Liu et al. 2021: prefixes are hard on small models", "prefixes-need-size", config={**QWEN_HALF_B, "num_hidden_layers": 4, "vocab_size": 32000}, about="prefix"),
    Case("Liu et al. 2022: few rows, few trained numbers", "few-rows-few-numbers", rows=60, about="ia3", instead="baseline"),
    Case("Tunstall et al. 2022: eight rows for each class", "head-for-few", goal="classify", config=BERT_BASE, rows=64, method="head", about="head"),
    Case("Peters et al. 2019: features come close, for no trouble", "head-for-no-trouble", goal="classify", config=BERT_BASE, wishes={"trouble": "least"}, method="head", about="head", instead="baseline"),
    Case("Lee et al. 2019: a quarter of the layers", "last-layers-carry", goal="classify", config=BERT_BASE, answers={"method": {"kind": "layers"}}, method="layers", about="layers", fields={"method.last": 3}),
    Case("Lee et al. 2019: the last layers where LoRA does not fit", "few-layers-fit", goal="embed", config=BERT_LARGE, box=machine(ram_gib=16), answers={"training": {"max_length": 256, "batch": 16, "gradient_checkpointing": False}}, method="layers", about="layers"),
    Case("Biderman et al. 2024: far from the base full tuning learns more", "far-and-best", box=machine(A100), wishes={"distance": "far", "trouble": "any"}, method="full", about="full", instead="pretrain"),
    Case("Biderman et al. 2024: where the best counts both are trained", "compare-both", box=machine(A100), wishes={"trouble": "any"}, about="full"),
    Case("sentence-transformers#2358: a good embedder is measured first", "good-as-it-is", goal="embed", config=MINILM, sentences=256, wishes={"trouble": "least"}, instead="baseline"),
    Case("Biderman et al. 2024: it must fit", "far-and-best", config=LLAMA_7B, wishes={"distance": "far", "trouble": "any"}, applies=False),
    Case("Biderman et al. 2024: what is far needs rank", "far-larger-rank", wishes={"distance": "far"}, fields={"method.rank": 64, "method.alpha": 128}),
    Case("Biderman et al. 2024: what is far needs room", "far-needs-room", goal="embed", config=BERT_BASE, wishes={"distance": "far"}, about="full"),
    Case("Hu et al. 2021: a change of form is small", "near-is-small", wishes={"distance": "near"}, about="ia3"),
    Case("LlamaFactory#798: no second model beside an adapter", "reference-for-free", goal="prefer", about="lora"),
    Case("Sanh et al. 2019: a small student moves every weight", "small-student", goal="distill", method="full", about="full"),
    Case("Ovadia et al. 2023: few texts are to be searched", "search-for-facts", goal="pretrain", rows=100, instead="embed", warns=True),
    Case("Ovadia et al. 2023: no set-up means search", "look-it-up", goal="pretrain", wishes={"trouble": "least"}, instead="embed"),
    Case("Bucher and Martini 2024: labels are for classifiers", "classes-not-words", also=("classify",), instead="classify"),
    Case("Rafailov et al. 2023: worse answers teach too", "worse-answers-teach", also=("prefer",), instead="prefer"),
    Case("Rafailov et al. 2023: no reward model in between", "dpo-before-reward", goal="reward", wishes={"signal": "comparisons"}, instead="prefer"),
    Case("Ouyang et al. 2022: examples alone are imitated", "examples-mean-imitation", goal="prefer", wishes={"signal": "examples"}, instead="sft"),
    Case("Hong et al. 2024: one stage for a base model", "one-stage", goal="prefer", chat=False, wishes={"trouble": "least"}, fields={"objective.loss": "orpo"}, instead="sft"),
    Case("Shao et al. 2024: a rule needs no reward model", "a-rule-can-pay", goal="prefer", wishes={"signal": "rule"}, instead="reinforce"),
    Case("Shao et al. 2024: groups in place of a value function", "groups-for-rules", goal="reinforce", wishes={"signal": "rule"}, fields={"objective.algorithm": "grpo"}),
    Case("trl#615: rewards are trouble", "less-trouble-than-rewards", goal="reinforce", wishes={"trouble": "least"}, instead="prefer"),
    Case("sentence-transformers#2358: a good embedder gets worse", "good-vectors-already", goal="embed", config=MINILM, sentences=256, rows=150, warns=True),
    Case("on a CPU packed weights are slow", "packed-on-cpu", box=machine(), about="qlora"),
    Case("8 bit is slower than 4", "four-bit-before-eight", about="lora8"),
    Case("packed weights cannot be trained, adapters can", "lora-first", config=PACKED, about="lora"),
    Case("the guides' own LoRA example: q and v of an encoder-decoder", "lora-first", config=MT0_LARGE, answers={"method": {"kind": "lora", "rank": 8, "targets": ["q", "v"]}}, about="lora"),
]  # fmt: skip


def data_of(case: Case) -> DataFacts:
    """Return the rows that a case speaks of."""
    return rows_for(case.goal, case.rows, classes=case.classes, also=case.also)


def plan_of(case: Case, folder: Path) -> Plan:
    """Return the plan for a case."""
    facts = model(folder, case.config, chat=case.chat, sentences=case.sentences)
    answers: dict[str, Any] = {"goal": case.goal, "model": {"id": facts.id}, **ASKED.get(case.goal, {})}
    for dotted, value in leaves(case.answers):
        answers = put(answers, dotted, value)
    return recommend(answers, Facts(case.box, facts, data_of(case)), Wishes(case.wishes))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_a_case_of_the_guides_and_of_published_practice(case: Case, tmp_path: Path) -> None:
    plan = plan_of(case, tmp_path / "model")
    if not case.applies:
        assert case.rule not in plan.rules
        return
    assert plan.run.method.kind == case.method, [(row.method, row.verdict) for row in plan.ranking]
    assert case.rule in plan.rules
    rule = next(rule for rule in rules() if rule.id == case.rule)
    if case.about:
        row = next(row for row in plan.ranking if row.method == case.about)
        assert case.rule in row.rules and set(rule.evidence) <= set(row.evidence)
    if case.instead:
        assert case.instead in [other.goal for other in plan.instead]
        assert not rule.instead or rule.instead == case.instead
    chosen = dict(leaves(plan.run.model_dump()))
    for name, value in case.fields.items():
        assert chosen[name] == value
        assert name not in rule.sets or plan.reasons[name] == rule.says
    assert rule.warns == case.warns
    if case.warns:
        assert any(rule.says.rpartition("}")[2] in warning for warning in plan.warnings)


def test_there_are_more_than_thirty_cases_and_every_rule_has_one() -> None:
    assert len(CASES) >= 30 and len({case.says for case in CASES}) == len(CASES)
    tested = {case.rule for case in CASES if case.applies}
    assert {rule.id for rule in rules()} - tested <= {"plain-texts", "fixed-answers", "consent-needed", "licence"}


@pytest.mark.parametrize(
    ("rule", "known"),
    [
        ("plain-texts", {"goal": "sft", "roles": ("text",), "suits": ("sft", "pretrain")}),
        ("fixed-answers", {"goal": "sft", "fixed_answers": True}),
        ("consent-needed", {"goal": "embed", "gated": True}),
        ("licence", {"goal": "sft", "license": "cc-by-nc-4.0"}),
    ],
)
def test_rules_about_what_a_look_finds_hold_by_it(rule: str, known: dict[str, Any]) -> None:
    assert rule in [held.id for held in holding(known)]
    for name in known.keys() - {"goal"}:
        assert rule not in [held.id for held in holding({**known, name: None})]


def test_a_licence_that_forbids_commerce_is_said_before_the_start(tmp_path: Path) -> None:
    plan_of(Case("", ""), tmp_path / "model")
    (tmp_path / "model" / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    facts = look(str(tmp_path / "model"))
    plan = recommend({"goal": "sft"}, Facts(machine(RTX_4090), facts, rows_for("sft")))
    assert "licence" in plan.rules
    assert any("(cc-by-nc-4.0) does not allow commercial use" in warning for warning in plan.warnings)


def test_a_rule_is_about_things_that_exist_and_names_where_it_is_known_from() -> None:
    asked = table("rules")["questions"]
    for rule in rules():
        assert rule.says.strip() and all(source.strip() for source in rule.evidence) and rule.evidence
        for name, wanted in rule.when.items():
            assert name in NAMES or name in asked or name.removeprefix("fits.") in table("guide")["methods"], name
            if name in asked:
                choices = {wanted.removeprefix("not ")} if isinstance(wanted, str) else set(wanted)
                assert choices <= set(asked[name]["choices"])
            if name == "goal":
                assert ({wanted} if isinstance(wanted, str) else set(wanted)) <= set(GOALS)
        assert rule.about <= set(table("guide")["methods"]), rule.id
        assert rule.instead in ("", *GOALS)
        assert rule.points or rule.first or rule.sets or rule.instead or rule.warns, f"{rule.id} does nothing"
        assert not (rule.sets and any(name.startswith("fits.") for name in rule.when))


BOXES = {
    "a card": machine(A100),
    "a small card": machine(card("RTX 4060", 8, 7.4, (8, 9))),
    "no card": machine(ram_gib=30),
}
MODELS = {
    "a chat model": (QWEN_HALF_B, True, 0),
    "a base model": (QWEN_HALF_B, False, 0),
    "an encoder": (BERT_BASE, False, 0),
    "an embedder": (MINILM, False, 256),
}


@pytest.mark.parametrize("goal", GOALS)
def test_at_most_three_questions_and_every_answer_changes_the_advice(goal: str, tmp_path: Path) -> None:
    assert 1 <= len(questions(goal)) <= 3
    kinds = table("guide")["goals"][goal]["kinds"]
    models = {
        name: each
        for name, each in MODELS.items()
        if ("encoder" if each[0] in (BERT_BASE, MINILM) else "causal") in kinds
    }
    for question in questions(goal):
        usual, *others = (
            question.choices if "some" not in question.choices else ("some", *(set(question.choices) - {"some"}))
        )
        for choice in others:
            changes = (
                advised(goal, each, box, {question.id: usual}, tmp_path / name)
                != advised(goal, each, box, {question.id: choice}, tmp_path / name)
                for name, each in models.items()
                for box in BOXES.values()
            )
            assert any(changes), f"{question.id}: {choice} is the same as {usual}"


def advised(
    goal: str, described: tuple[dict[str, Any], bool, int], box: Machine, wishes: dict[str, str], folder: Path
) -> Any:
    """Return all that a person sees of a plan."""
    config, chat, sentences = described
    plan = plan_of(Case("", "", goal, config, chat, sentences, box, also=("sft",), wishes=wishes), folder)
    return plan.instead, plan.warnings, [(row.method, row.reasons) for row in plan.ranking], plan.run


def test_a_wish_that_no_question_knows_is_named() -> None:
    case = Case("", "", wishes={"distanse": "far"})
    with pytest.raises(Problem, match=r"asks no question 'distanse'; did you mean 'distance'"):
        plan_of(case, Path("/nowhere"))
