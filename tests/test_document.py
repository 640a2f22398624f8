"""Run files: sparse by hand, complete by machine, and one clear sentence for everything that is wrong."""

import pytest

from engine import document
from engine.config import plain
from engine.methods import Lora
from engine.problem import Problem

RUN = """\
goal: embed
model: {id: BAAI/bge-base-en-v1.5}
data:
  train: pairs.jsonl
  columns: {anchor: question, positive: context}
method: {kind: lora, rank: 8, alpha: 32, dropout: 0.1}
objective: {loss: MultipleNegativesRankingLoss, matryoshka: [768, 512, 256]}
training: {epochs: 4, batch: 32, learning_rate: 2e-5, schedule: cosine}
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "run.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


def test_a_sparse_file_becomes_a_complete_run_and_comes_back_the_same(write, tmp_path):
    run = document.load(write(RUN))
    assert run.training.learning_rate == 2e-5
    assert run.data.train == str(tmp_path / "pairs.jsonl")
    assert run.objective.matryoshka == (768, 512, 256)
    whole = document.dump(run)
    assert document.load(write(whole)) == run
    assert set(document.read(write(whole))) == set(plain(run))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("epochs: 4", "epoks: 4", "run.yaml:8: there is no key 'training.epoks'; did you mean 'epochs'?"),
        (
            "kind: lora",
            "kind: qlora",
            "run.yaml:6: 'qlora' does not go with the goal embed as method.kind; did you mean 'lora'?",
        ),
        ("cosine", "cosin", "run.yaml:8: 'cosin' is no value of 'training.schedule'; did you mean 'cosine'?"),
        ("goal: embed", "goal: embd", "run.yaml:1: there is no goal 'embd'; did you mean 'embed'?"),
        ("goal: embed\n", "", "a goal is missing"),
        ("rank: 8", "rank: 0", "run.yaml:6: 'method.rank': input should be greater than or equal to 1 (it is 0)"),
        ("rank: 8", "rank: eight", "(it is 'eight')"),
        ("rank: 8", "rnk: 8", "there is no key 'method.rnk'; did you mean 'rank'?"),
        ("  train: pairs.jsonl", "  train: a\n  train: b", 'run.yaml:5: found duplicate key "train"'),
        ("[768, 512", "[512, 768", "embedding sizes must run from large to small"),
        ("goal: embed", "version: 9\ngoal: embed", "written by a later tunewright (version 9, this one knows 1)"),
        ("model: {id", "model: {id: [", "run.yaml:2: "),
        ("data:", "daat: 1\ndata:", "run.yaml:3: there is no key 'daat'; did you mean 'data'?"),
        ("model: {id: BAAI/bge-base-en-v1.5}\n", "", "'model' is missing; add model"),
        ("epochs: 4", "epochs: .nan", "training.epochs"),
        ("kind: lora, ", "", "run.yaml:6: 'method.kind' is missing"),
        (
            "epochs: 4",
            "evaluate_every: 10, save_every: 15",
            "save_every (15) must be a multiple of evaluate_every (10)",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_with_its_place(write, old, new, said):
    assert old in RUN
    with pytest.raises(Problem) as problem:
        document.load(write(RUN.replace(old, new)))
    assert said in str(problem.value)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("other.yaml", None, "no such run file; did you mean 'run.yaml'?"),
        ("empty.yaml", b"", "holds keys and values"),
        ("list.yaml", b"- 1\n", "holds keys and values"),
        ("binary.yaml", b"\xff\xfe\x00\x80", "can't be read"),
    ],
)
def test_a_file_that_is_none(write, tmp_path, name, content, said):
    write(RUN)
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Problem, match=said.replace("?", r"\?")):
        document.load(path)


def test_values_are_put_in_from_the_command_line(write):
    run = document.load(write(RUN), ["training.epochs=1", "method.targets=[q, v]", "objective.query_prompt=no"])
    assert (run.training.epochs, run.method.targets, run.objective.query_prompt) == (1.0, ("q", "v"), "no")
    with pytest.raises(Problem, match="did you mean 'epochs'"):
        document.load(write(RUN), ["training.epoch=1"])
    with pytest.raises(Problem, match=r"write it as training\.epochs=1"):
        document.load(write(RUN), ["training.epochs"])


def test_yaml_is_1_2(write):
    values = document.read(write("a: no\nb: 2e-5\nc: 0o17\nd: 12:30\n"))
    assert values == {"a": "no", "b": 2e-5, "c": 15, "d": "12:30"}


@pytest.mark.parametrize(
    "text", ['it\'s "x" {a} [red]', "two\nlines", "\x1b[31mred", "null", "1e3", "# no", ": :", " lead"]
)
def test_every_text_survives_the_file(write, text):
    run = document.load(write(RUN))
    changed = document.check(document.put(plain(run), "objective.query_prompt", text))
    assert document.load(write(document.dump(changed))) == changed


def test_every_field_has_help(write):
    run = document.load(write(RUN))
    for dotted, info, _ in document.walk(run):
        assert info.description and info.description.endswith("."), dotted
        assert document.field(dotted, run) is info
    with pytest.raises(Problem, match=r"did you mean 'training\.epochs'"):
        document.field("training.epoch", run)


def test_a_run_is_frozen(write):
    run = document.load(write(RUN))
    with pytest.raises(ValueError, match="frozen"):
        run.training.epochs = 3
    assert isinstance(run.method, Lora)


def test_a_hub_id_with_a_dot_stays_one(write, tmp_path):
    run = document.load(write(RUN.replace("pairs.jsonl", "someone/pairs-v1.5")))
    assert run.data.train == "someone/pairs-v1.5"
    assert document.load(write(RUN.replace("pairs.jsonl", "sub/pairs.csv"))).data.train == str(
        tmp_path / "sub/pairs.csv"
    )
