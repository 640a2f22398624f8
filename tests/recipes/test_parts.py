"""The parts, held against the library's own figures and against the traps that others fell into."""

import json
import signal
from collections import Counter
from importlib import import_module

import pytest
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator
from transformers import AutoTokenizer

from engine.data import sources
from engine.data.load_parts import load_parts
from engine.recipes.parts import conversation, retrieval, rows
from engine.recipes.parts.chat import mask_prompt
from engine.recipes.parts.data.empty_rows import refuse
from engine.recipes.parts.data.files import general
from engine.recipes.parts.data.load import general as general_load
from engine.recipes.parts.data.split import filled as split
from engine.recipes.parts.evaluation.best_checkpoint import check_best_loaded
from engine.recipes.parts.tokens import chat, single, text
from engine.recipes.parts.turns import instruction, messages
from engine.worker.failures import explain
from tests.tiny import pairs, write_rows

SIZES = (64, 32, 16)


@pytest.fixture
def encoder(bert):
    return SentenceTransformer(str(bert), device="cpu")


def pairs_of(chosen):
    return Dataset.from_list([{"anchor": row["question"], "positive": row["passage"]} for row in chosen])


def test_retrieval_gives_the_librarys_figures_from_one_encoding(encoder, monkeypatch):
    every = pairs()
    every += [{"question": every[0]["question"], "passage": every[9]["passage"], "document": ""}]
    train, test = pairs_of(every[:50]), pairs_of(every[50:] + every[:1])
    evaluator = retrieval.Retrieval(train, test, SIZES)
    encoded = []
    original = encoder.encode_document
    monkeypatch.setattr(
        encoder, "encode_document", lambda texts, **options: encoded.append(texts) or original(texts, **options)
    )
    ours = evaluator(encoder)
    assert len(encoded) == 1
    assert sorted(encoded[0]) == sorted({row["passage"] for row in every})

    corpus = {str(index): passage for index, passage in enumerate(evaluator.passages)}
    queries = {str(index): question for index, question in enumerate(evaluator.questions)}
    relevant = {str(index): {str(place) for place in found} for index, found in enumerate(evaluator.relevant)}
    assert relevant[str(evaluator.questions.index(every[0]["question"]))] == {"0", "9"}
    for size in SIZES:
        library = InformationRetrievalEvaluator(
            queries, corpus, relevant, truncate_dim=size, score_functions=None, write_csv=False, ndcg_at_k=[10]
        )(encoder)
        assert ours[f"dim_{size}_cosine_ndcg@10"] == pytest.approx(library["cosine_ndcg@10"], abs=1e-4)
        for name in ("mrr@10", "accuracy@1", "accuracy@10") if size == SIZES[0] else ():
            assert ours[f"dim_{size}_cosine_{name}"] == pytest.approx(library[f"cosine_{name}"], abs=1e-4)
    assert list(ours) == list(evaluator.reported)


def test_equal_passages_count_once_and_are_all_right():
    doubled = [{"question": f"q{n}", "passage": "the same", "document": ""} for n in range(3)]
    evaluator = retrieval.Retrieval(pairs_of(doubled[:1]), pairs_of(doubled[1:]), SIZES)
    assert evaluator.passages == ["the same"]
    assert evaluator.relevant == [{0}, {0}]


@pytest.fixture
def tokenizer(llama):
    return AutoTokenizer.from_pretrained(llama)


def talk(prompt, answer):
    return Dataset.from_list([{"prompt": prompt, "completion": answer}])


def tokenized(tokenizer, prompt="colour of door 1?", answer="it is red.", template="plain"):
    conversation.CHAT_TEMPLATE = template
    return chat.tokenize(talk(prompt, answer), tokenizer)[0]


def learned(row, tokenizer):
    return tokenizer.decode([token for token in row["labels"] if token != -100])


def test_only_the_answer_is_learned_and_its_end_once(tokenizer):
    row = tokenized(tokenizer)
    assert learned(row, tokenizer) == "it is red.</s>"
    assert row["input_ids"].count(tokenizer.bos_token_id) == 1
    assert row["input_ids"][0] == tokenizer.bos_token_id
    assert row["labels"][-1] == tokenizer.eos_token_id
    assert [label for label in row["labels"] if label != -100] == row["input_ids"][
        -len([x for x in row["labels"] if x != -100]) :
    ]


def test_the_prompt_is_learned_too_when_asked(tokenizer, monkeypatch):
    monkeypatch.setattr(chat, "LOSS_ON", "all")
    row = tokenized(tokenizer)
    assert row["labels"] == row["input_ids"]


def test_a_template_that_doubles_the_beginning_is_mended(tokenizer):
    tokenizer.chat_template = "<s><s>{% for m in messages %}{{ m['content'] }} {% endfor %}"
    row = tokenized(tokenizer, template="own")
    assert row["input_ids"][:2].count(tokenizer.bos_token_id) == 1


def test_a_template_without_an_end_gets_one(tokenizer):
    tokenizer.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"
    row = tokenized(tokenizer, template="own")
    assert row["labels"][-1] == tokenizer.eos_token_id
    assert "it is red." in learned(row, tokenizer)


def test_a_model_without_a_template_is_refused_by_name(tokenizer):
    tokenizer.chat_template = None
    with pytest.raises(ValueError, match="chat_template is not set") as told:
        tokenized(tokenizer, template="own")
    assert "objective.chat_template to plain" in explain(told.value).advice


@pytest.mark.parametrize("length", [16, 40, 400])
@pytest.mark.parametrize("learn", ["answer", "all"])
def test_one_question_and_its_answer_are_the_tokens_of_a_conversation(tokenizer, monkeypatch, length, learn):
    rows = Dataset.from_list(
        [
            {"instruction": f"say {text}", "input": "aloud", "output": f"it is {text}."}
            for text in ("red", "so " * 30, "")
        ]
    )
    monkeypatch.setattr(conversation, "CHAT_TEMPLATE", "plain")
    monkeypatch.setattr(mask_prompt, "MAX_LENGTH", length)
    found = []
    for part in (single, chat):
        monkeypatch.setattr(part, "messages", instruction.messages)
        monkeypatch.setattr(part, "LOSS_ON", learn)
        monkeypatch.setattr(part, "MAX_LENGTH", length)
        found.append((part.tokenize(rows, tokenizer).to_list(), part.prompts(rows, tokenizer, 2)))
    assert found[0] == found[1]
    assert len(found[0][0]) == 3


def test_too_long_a_prompt_loses_its_beginning_never_the_answer(tokenizer, monkeypatch):
    monkeypatch.setattr(mask_prompt, "MAX_LENGTH", 40)
    row = tokenized(tokenizer, prompt="long " * 200)
    assert len(row["input_ids"]) == 40
    assert row["input_ids"][0] == tokenizer.bos_token_id
    assert learned(row, tokenizer) == "it is red.</s>"


def test_too_long_an_answer_loses_its_end_and_no_end_is_learned(tokenizer, monkeypatch):
    monkeypatch.setattr(mask_prompt, "MAX_LENGTH", 16)
    row = tokenized(tokenizer, answer="it is " + "very " * 100 + "red.")
    assert len(row["input_ids"]) == len(row["labels"]) == 16
    assert row["labels"][:8] == [-100] * 8, "a prompt keeps half of the length"
    assert row["labels"][8:] == row["input_ids"][8:]
    assert tokenizer.eos_token_id not in row["labels"]
    assert row["input_ids"][0] == tokenizer.bos_token_id


def test_padding_that_shares_a_token_with_the_end_is_never_learned(tokenizer):
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    tokenizer.pad_token = tokenizer.eos_token
    short, long = tokenized(tokenizer), tokenized(tokenizer, answer="it is red and blue and green.")
    batch = DataCollatorForLanguageModeling(pad_token_id=tokenizer.pad_token_id)([short, long])
    ends = (batch["labels"] == tokenizer.eos_token_id).sum(dim=1)
    assert ends.tolist() == [1, 1]


def test_every_answer_of_a_conversation_is_learned_after_all_before_it(tokenizer, monkeypatch):
    monkeypatch.setattr(chat, "messages", messages.messages)
    conversation.CHAT_TEMPLATE = "plain"
    turns = [{"role": role, "content": f"{role} {n}"} for n in range(2) for role in ("user", "assistant")]
    found = chat.tokenize(Dataset.from_list([{"messages": turns}]), tokenizer)
    assert [learned(row, tokenizer) for row in found] == ["assistant 0</s>", "assistant 1</s>"]
    assert "assistant 0" in tokenizer.decode(found[1]["input_ids"])


def test_an_instruction_without_an_input_is_one_paragraph():
    turns = instruction.messages({"instruction": "Say", "input": "", "output": "yes"})
    assert turns[0]["content"] == "Say"
    turns = instruction.messages({"instruction": "Say {input}", "input": "now", "output": "yes"})
    assert turns[0]["content"] == "Say {input}\n\nnow"
    turns = instruction.messages({"instruction": "Add", "input": "{braces}", "output": "yes"})
    assert turns[0]["content"] == "Add\n\n{braces}"


def test_plain_texts_end_once(tokenizer, monkeypatch):
    monkeypatch.setattr(text, "MAX_LENGTH", 50)
    found = text.tokenize(Dataset.from_list([{"text": "the door is red"}]), tokenizer)[0]
    assert found["input_ids"] == found["labels"]
    assert found["input_ids"].count(tokenizer.eos_token_id) == 1
    begun = text.prompts(Dataset.from_list([{"text": "the door is red and the boat is blue"}]), tokenizer, 1)
    assert "the door is red and the boat is blue".startswith(begun[0][0].strip())


def settings_of_rows(monkeypatch, path, **settings):
    for name, value in {
        "TRAIN": str(path),
        "COLUMNS": {"anchor": "question", "positive": "passage"},
        **settings,
    }.items():
        monkeypatch.setattr(split if name == "TEST_FRACTION" else rows, name, value)


def test_a_group_is_never_in_both_halves(tmp_path, monkeypatch):
    path = write_rows(tmp_path / "rows.jsonl", pairs())
    settings_of_rows(monkeypatch, path, GROUP="document", TEST_FRACTION=0.25)
    train, test = rows.read_rows()
    assert (len(train), len(test)) == (60, 20)
    pages = {row["question"]: row["document"] for row in pairs()}
    assert not {pages[question] for question in train["anchor"]} & {pages[question] for question in test["anchor"]}
    assert rows.read_rows()[1]["anchor"] == test["anchor"]


def labelled(monkeypatch, tmp_path, labels, **settings):
    written = write_rows(tmp_path / "l.jsonl", [{"t": f"text {n}", "l": x, "g": n // 4} for n, x in enumerate(labels)])
    settings_of_rows(monkeypatch, written, COLUMNS={"text": "t", "label": "l"}, **settings)
    return rows.read_rows("label")


def test_every_class_is_in_the_test_and_in_the_training(tmp_path, monkeypatch):
    train, test = labelled(monkeypatch, tmp_path, [0] * 60 + [1] * 30 + [2] * 2, TEST_FRACTION=0.2)
    sizes = Counter(test["label"])
    assert sizes == {0: sizes[0], 1: 6, 2: 1}
    assert 7 <= sizes[0] <= 17, "ten and more are drawn one by one"
    assert Counter(train["label"]) == {0: 60 - sizes[0], 1: 24, 2: 1}


def test_a_class_with_one_row_is_learned_and_not_tested(tmp_path, monkeypatch):
    train, test = labelled(monkeypatch, tmp_path, ["a"] * 10 + ["b"] * 9 + ["rare"], TEST_FRACTION=0.1)
    assert train["label"].count("rare") == 1
    assert sorted(test["label"]) == ["a", "b"]


def test_groups_stay_whole_where_classes_are_shared_out(tmp_path, monkeypatch):
    train, test = labelled(monkeypatch, tmp_path, [n % 3 for n in range(48)], TEST_FRACTION=0.25, GROUP="g")
    groups = [{int(text.split()[1]) // 4 for text in half["text"]} for half in (train, test)]
    assert not groups[0] & groups[1]
    assert len(train) + len(test) == 48
    assert set(test["label"]) == {0, 1, 2}
    assert 12 <= len(test) <= 16


def test_a_label_of_zero_is_a_label_and_no_label_is_none(tmp_path, monkeypatch):
    train, test = labelled(monkeypatch, tmp_path, [0, 1] * 8 + [None] * 4, TEST_FRACTION=0.25)
    assert len(train) + len(test) == 16


def test_a_test_file_is_the_test(tmp_path, monkeypatch):
    settings_of_rows(
        monkeypatch, write_rows(tmp_path / "a.jsonl", pairs(30)), TEST=str(write_rows(tmp_path / "b.jsonl", pairs(7)))
    )
    train, test = rows.read_rows()
    assert (len(train), len(test)) == (30, 7)


def test_rows_with_an_empty_field_are_left_out_and_counted(tmp_path, monkeypatch, capsys):
    broken = [*pairs(20), {"question": "", "passage": "x", "document": ""}]
    settings_of_rows(monkeypatch, write_rows(tmp_path / "a.jsonl", broken), TEST_FRACTION=0.5)
    train, test = rows.read_rows()
    assert len(train) + len(test) == 20
    assert "1 of" in capsys.readouterr().out


@pytest.mark.parametrize("empty", [None, "", " \n", []])
def test_an_empty_field_is_refused_where_there_was_none(empty, tmp_path):
    columns = {"prompt": "q", "input": "i", "messages": "m"}
    whole = [{"q": "ask", "i": "", "m": [{"role": "assistant", "content": "say"}]}]
    assert len(refuse.filled_rows(Dataset.from_list(whole), columns, "a.jsonl")) == 1
    bad = [*whole, {**whole[0], "m" if empty == [] else "q": empty}]
    with pytest.raises(ValueError, match=r"a row of a\.jsonl has an empty field"):
        refuse.filled_rows(Dataset.from_list(bad), columns, "a.jsonl")


def write_as(folder, suffix):
    import gzip

    import pandas

    path, table = folder / f"rows.{suffix}", pandas.DataFrame(pairs(20))
    if suffix == "csv":
        table.to_csv(path, index=False)
    elif suffix == "tsv":
        table.to_csv(path, index=False, sep="\t")
    elif suffix == "json":
        path.write_text(json.dumps(pairs(20)))
    elif suffix == "parquet":
        table.to_parquet(path)
    elif suffix == "txt":
        path.write_text("".join(f"line {number}\n" for number in range(20)))
    else:
        path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in pairs(20)).encode()))
    return path


@pytest.mark.parametrize("suffix", ["csv", "tsv", "json", "parquet", "jsonl.gz"])
def test_files_of_every_kind_are_read(suffix, tmp_path, monkeypatch):
    settings_of_rows(monkeypatch, write_as(tmp_path, suffix))
    train, test = rows.read_rows()
    assert (len(train), len(test)) == (18, 2)


@pytest.mark.parametrize("suffix", ["csv", "tsv", "json", "parquet", "jsonl.gz", "txt"])
def test_the_part_for_one_kind_of_file_reads_what_the_general_one_reads(suffix, tmp_path):
    path, kind = write_as(tmp_path, suffix), {"jsonl.gz": "json", "txt": "text"}.get(suffix, suffix)
    whole = general_load.read(str(path)).to_list()
    assert len(whole) == 20
    for source, files in ((path, "one"), (tmp_path / "r*", "pattern"), (tmp_path, "folder")):
        chosen = load_parts([str(source)])
        assert chosen["data.load"] == kind
        assert chosen["data.files"] == (files if source != tmp_path or suffix != "txt" else "general")
        assert chosen["data.texts_in"] == ("documents" if suffix == "txt" else "table")
        part = import_module(f"engine.recipes.parts.data.files.{chosen['data.files']}")
        assert part.files_of(str(source)) == [str(path)]
    assert import_module(f"engine.recipes.parts.data.load.{kind}").read(str(path)).to_list() == whole


def test_sources_that_differ_are_read_by_the_general_part(tmp_path):
    csv, tsv = write_as(tmp_path, "csv"), write_as(tmp_path, "tsv")
    several = {"data.load": "general", "data.files": "one", "data.texts_in": "general"}
    assert load_parts([str(csv), str(tsv)]) == several
    assert load_parts([str(csv), ""])["data.load"] == "csv"
    assert load_parts([str(tmp_path)]) == several | {"data.files": "folder"}
    assert load_parts(["owner/name"]) == {"data.load": "hub", "data.files": "hub", "data.texts_in": "table"}
    assert load_parts(["owner/name/test-*"])["data.load"] == "hub_files"
    assert load_parts(["~nobody-there/x"])["data.load"] == "general"


def checkpoint(folder):
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    save_file({"weight": torch.arange(6.0)}, folder / "model.safetensors")
    return folder


def test_a_best_checkpoint_that_was_not_loaded_is_found_out(tmp_path):
    folder = checkpoint(tmp_path / "checkpoint-1")
    check_best_loaded(str(folder), {"weight": torch.arange(6.0)})
    with pytest.raises(RuntimeError, match="was not loaded"):
        check_best_loaded(str(folder), {"weight": torch.zeros(6)})
    with pytest.raises(RuntimeError, match="was not loaded"):
        check_best_loaded(str(folder), {})
    (folder / "model.safetensors").unlink()
    with pytest.raises(RuntimeError, match="was not loaded"):
        check_best_loaded(str(folder), {})


@pytest.mark.parametrize(
    "names",
    [
        ["a.jsonl", "b.json", "c.csv", "README.md", "state.json", "notes.txt", "_x.jsonl", ".y.jsonl", "code.py"],
        ["a.csv", "b.tsv", "c.tab", "LICENSE.txt", "d.parquet"],
        ["a.md", "b.rst", "src/__init__.py", "src/_private.py", "_build/c.py", ".git/d.py", "src/e.rs", "picture.png"],
        ["main.py", "state.py", "license.py", "script.v", "x.toml.gz"],
        ["a.txt.gz", "b.text", "_c.txt"],
    ],
)
def test_a_training_reads_the_files_that_were_looked_at(names, tmp_path):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n")
    looked_at = sorted(str(file) for file in sources.find(str(tmp_path)).files)
    chosen = import_module(f"engine.recipes.parts.data.files.{load_parts([str(tmp_path)])['data.files']}")
    assert chosen.files_of(str(tmp_path)) == general.files_of(str(tmp_path)) == looked_at
    assert looked_at


def test_a_missing_column_is_named(tmp_path, monkeypatch):
    path = write_rows(tmp_path / "rows.jsonl", pairs(4))
    settings_of_rows(monkeypatch, path, COLUMNS={"anchor": "question", "positive": "passages"})
    with pytest.raises(ValueError, match=r"no column 'passages' in the rows \(they have question, passage, document\)"):
        rows.read_rows()


def test_a_template_that_never_ends_is_stopped_with_a_sentence(llama, monkeypatch):
    from transformers import AutoTokenizer, PreTrainedTokenizerBase

    from engine.recipes.parts import conversation
    from engine.worker.time_limit import limit_chat_templates

    monkeypatch.setattr(PreTrainedTokenizerBase, "apply_chat_template", PreTrainedTokenizerBase.apply_chat_template)
    limit_chat_templates(1)
    tokenizer, handler = AutoTokenizer.from_pretrained(llama), signal.getsignal(signal.SIGALRM)
    tokenizer.chat_template = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    with pytest.raises(TimeoutError, match="the chat template did not end within 1 seconds") as told:
        conversation.render([{"role": "user", "content": "hi"}], None, tokenizer, ask=True)
    assert explain(told.value).code == "template"
    assert signal.getsignal(signal.SIGALRM) == handler
    tokenizer.chat_template = "{{ messages[0]['content'] }}"
    assert conversation.render([{"role": "user", "content": "hi"}], None, tokenizer, ask=True)
