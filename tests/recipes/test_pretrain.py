"""Reading on in plain texts: every method, packed and unpacked, files and folders, held against the library's loss."""

import math

import pytest
from datasets import Dataset
from transformers import AutoTokenizer

from engine import document
from engine.config import methods_of
from engine.problem import Problem
from engine.recipes.parts import texts, whole_texts
from engine.recipes.parts.data.files import general
from engine.recipes.parts.data.split import filled as split
from engine.recipes.parts.data.texts_in.general import texts_in
from engine.recipes.parts.tokens import packed, text
from engine.script import assemble
from tests.forge import check_cell, forge, losses, refused, resumed
from tests.imitation import check_saved, described, library_loss, moved, tuned
from tests.preferences import script_of
from tests.tiny import talks, write_rows
from tests.training import curves

pytestmark = pytest.mark.slow


def page(row):
    return f"# {row['prompt']}\n\n{row['completion']}\n" * 4


def pages(folder, count=24):
    """A folder of Markdown pages."""
    (folder / "pages").mkdir(parents=True)
    for number, row in enumerate(talks(count)):
        (folder / "pages" / f"{number:02}.md").write_text(page(row))
    return {"train": str(folder / "pages"), "columns": {"text": "text"}}


@pytest.mark.parametrize("method", methods_of("pretrain"))
def test_every_method_reads_on_and_the_saved_model_has_the_perplexity_that_was_reported(method, llama, tmp_path):
    run = described("pretrain", method, llama, tmp_path, pages(tmp_path), training={"accumulate": 2})
    folder, known = check_cell(run, tmp_path)
    results = known.finished["results"]
    loss, perplexity = results["metrics"]
    assert (loss["name"], perplexity["name"]) == ("eval_loss", "perplexity")
    assert perplexity["tuned"] == pytest.approx(math.exp(loss["tuned"]))
    assert loss["tuned"] < loss["baseline"] - 1e-3
    assert results["texts"] == {"train": 19, "test": 5}
    check_saved(folder, results, 2e-2 if method in ("qlora", "lora8") else 1e-4)
    weights = moved(folder, llama)
    if method == "full":
        assert results["trainable"] == results["parameters"]
        assert len(weights) > 15
    elif method == "layers":
        assert {name.split(".")[2] for name in weights if ".layers." in name} == {"1"}
        assert not any("embed" in name for name in weights)
    else:
        mark = {"ia3": "ia3_", "bottleneck": "bottleneck_"}.get(method, "lora_")
        assert weights and all(mark in name for name in weights)


def test_the_result_is_offered_as_the_base_of_the_next_run(llama, tmp_path):
    folder, known = forge(described("pretrain", "full", llama, tmp_path, pages(tmp_path)), tmp_path / "runs")
    assert known.finished["results"]["next"] == {"goal": "sft", "from": str(folder)}
    card = (folder / "output" / "model" / "README.md").read_text()
    assert "perplexity" in card
    assert "tune it further" in card
    following = described(
        "sft",
        "lora",
        folder / "output" / "model",
        tmp_path,
        {
            "train": str(write_rows(tmp_path / "t.jsonl", talks(20))),
            "columns": {"prompt": "prompt", "completion": "completion"},
        },
    )
    _, after = forge(following, tmp_path / "next")
    assert after.finished["results"]["metrics"][0]["improvement"] > 0


def test_reading_that_was_stopped_goes_on_as_if_unbroken(llama, tmp_path):
    run = described("pretrain", "lora", llama, tmp_path, pages(tmp_path))
    folder, known = forge(run, tmp_path / "runs")
    again = resumed(folder, tmp_path / "alone", 2)
    assert again["metrics"] == known.finished["results"]["metrics"]
    assert losses(tmp_path / "alone" / "output") == dict(curves(known)["loss"])


def test_texts_are_learned_one_by_one_where_they_are_not_packed(llama, tmp_path):
    rows = [{"story": page(row), "place": n // 4} for n, row in enumerate(talks(24))]
    data = {"train": str(write_rows(tmp_path / "s.jsonl", rows)), "columns": {"text": "story"}, "group": "place"}
    run = described("pretrain", "lora", llama, tmp_path, data, training={"packing": False})
    folder, known = check_cell(run, tmp_path)
    results = known.finished["results"]
    assert (results["train_rows"], results["test_rows"]) == (results["texts"]["train"], results["texts"]["test"])
    assert results["test_rows"] % 4 == 0
    check_saved(folder, results, 1e-4)


def test_one_text_gives_its_end_to_the_test(llama, tmp_path):
    whole = "".join(map(page, talks(30)))
    (tmp_path / "book.txt").write_text(whole)
    data = {"train": str(tmp_path / "book.txt"), "columns": {"text": "text"}}
    folder, known = forge(described("pretrain", "lora", llama, tmp_path, data), tmp_path / "runs")
    script = script_of(folder)
    train, test = script.read_texts()
    assert train["text"][0] + test["text"][0] == whole
    assert test["text"][0].startswith(("# ", "it is", "\n"))
    assert len(test["text"][0]) / len(whole) == pytest.approx(0.2, abs=0.01)
    results = known.finished["results"]
    assert len(results["samples"]) == 2
    rows = script.tokenize(test, script.load_tokenizer())
    assert library_loss(tuned(folder, script), script, rows) == pytest.approx(results["metrics"][0]["tuned"], abs=1e-4)


@pytest.fixture
def tokenizer(llama):
    return AutoTokenizer.from_pretrained(llama)


def words_of(tokenizer, *texts):
    """Each text's own tokens, without any mark."""
    return [tokenizer(each, add_special_tokens=False)["input_ids"] for each in texts]


def test_packing_joins_and_cuts_as_worked_by_hand(tokenizer, monkeypatch):
    monkeypatch.setattr(packed, "MAX_LENGTH", 4)
    end = tokenizer.eos_token_id
    one, two = words_of(tokenizer, "red green", "blue white black")
    stream = [*one, end, *two, end]
    found = packed.tokenize(Dataset.from_dict({"text": ["red green", "blue white black"]}), tokenizer)
    assert list(found["input_ids"]) == [stream[start : start + 4] for start in range(0, len(stream), 4)]
    assert list(found["labels"]) == list(found["input_ids"])
    assert [len(block) for block in found["input_ids"]][:-1] == [4] * (len(found) - 1)


def test_a_last_token_alone_is_left_out(tokenizer, monkeypatch):
    length = len(words_of(tokenizer, "red green blue")[0])
    monkeypatch.setattr(packed, "MAX_LENGTH", length)
    found = packed.tokenize(Dataset.from_dict({"text": ["red green blue"]}), tokenizer)
    assert [len(block) for block in found["input_ids"]] == [length]


def test_a_text_that_is_not_packed_is_cut(tokenizer, monkeypatch):
    monkeypatch.setattr(text, "MAX_LENGTH", 3)
    found = text.tokenize(Dataset.from_dict({"text": ["red green blue white", "red"]}), tokenizer)
    assert list(found["input_ids"]) == [
        words_of(tokenizer, "red green blue white")[0][:3],
        [*words_of(tokenizer, "red")[0], tokenizer.eos_token_id],
    ]


def test_beginnings_come_from_every_text_and_from_several_places_of_a_single_one(tokenizer):
    three = Dataset.from_dict({"text": ["red door", "green boat", "blue lamp"]})
    assert [begun for begun, _ in whole_texts.beginnings(three, tokenizer, 2)] == ["red", "green"]
    one = Dataset.from_dict({"text": ["red door green boat blue lamp"]})
    begun = [begun for begun, _ in whole_texts.beginnings(one, tokenizer, 3)]
    assert len(set(begun)) == 3
    assert begun[0].startswith("red")


def test_a_folder_of_code_is_one_text_a_file(tmp_path, monkeypatch):
    for name in ("main.py", "lib/tool.rs", "README.md", ".hidden.py", "_build/out.py", "picture.png", "lib/LICENSE"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(f"# {name}\n\nline two\n")
    found = texts_in(str(tmp_path))
    assert found["text"] == ["# lib/tool.rs\n\nline two\n", "# main.py\n\nline two\n"]
    assert general.files_of(str(tmp_path / "*.py")) == [str(tmp_path / ".hidden.py"), str(tmp_path / "main.py")]
    (tmp_path / "rows.jsonl").write_text('{"text": "a row"}\n')
    assert texts_in(str(tmp_path))["text"] == ["a row"]


@pytest.mark.parametrize("text", ["one line of words without any break in it", "first\nsecond\nthird\nfourth\nfifth"])
def test_an_end_begins_at_a_line_or_at_a_word(text, monkeypatch):
    monkeypatch.setattr(split, "TEST_FRACTION", 0.3)
    monkeypatch.setattr(texts, "TEST_FRACTION", 0.3)
    train, test = texts.ends([text])
    assert train["text"][0] + test["text"][0] == text
    assert train["text"][0][-1] in " \n"
    assert test["text"][0].strip()


def test_a_text_that_is_too_short_is_refused_before_any_weights_are_loaded(llama, tmp_path):
    (tmp_path / "word.txt").write_text("word\n")
    data = {"train": str(tmp_path / "word.txt"), "columns": {"text": "text"}}
    failed = refused(described("pretrain", "lora", llama, tmp_path, data), tmp_path / "runs")
    assert "too little text to learn from and to test on" in failed["message"]


def test_what_cannot_be_read_on_in_is_refused_in_a_sentence(llama, tmp_path):
    run = described("pretrain", "lora", llama, tmp_path, pages(tmp_path))
    with pytest.raises(Problem, match="do not say which of them is the text"):
        assemble(document.check({**run, "data": {**run["data"], "columns": {"prompt": "a", "completion": "b"}}}))
    with pytest.raises(Problem, match="does not continue texts; choose a causal language model"):
        document.check({**run, "model": {**run["model"], "kind": "seq2seq"}})
