"""A person gives data of all kinds: the look says what it is, what it suits, and what is wrong with it."""

import csv
import dataclasses
import gzip
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine.data import DataFacts, look
from engine.problem import Problem

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared real data is not on this machine")
PAIRS = [{"question": f"Who lives in house number {n}?", "passage": f"In house {n} lives a baker."} for n in range(200)]


def write_lines(path: Path, rows: Iterable[Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def codes(facts: DataFacts, severity: str | None = None) -> set[str]:
    return {problem.code for problem in facts.problems if severity in (None, problem.severity)}


def goals(facts: DataFacts) -> dict[str, dict[str, str]]:
    return {suit.goal: suit.columns for suit in facts.suits}


def expected_labels() -> list[tuple[str, str]]:
    table = SHARED / "formats" / "labels.csv"
    if not table.is_file():
        return []
    with table.open(newline="", encoding="utf-8") as stream:
        return [(row["file"], row["expected_task_format"]) for row in csv.DictReader(stream)]


@needs_shared
def test_real_files_are_recognised() -> None:
    expected = expected_labels()
    seen = {file: look(str(SHARED / "formats" / file)).format for file, _ in expected}
    misses = {file: (seen[file], label) for file, label in expected if seen[file] != label}
    assert len(expected) == 42
    assert not misses


@needs_shared
@pytest.mark.parametrize(
    ("file", "goal", "columns"),
    [
        ("tatqa/pairs_paragraph.jsonl", "embed", {"anchor": "anchor", "positive": "positive"}),
        ("gsm8k/test.jsonl", "sft", {"prompt": "question", "completion": "answer"}),
        (
            "llamafactory_demos/identity.jsonl",
            "sft",
            {"instruction": "instruction", "input": "input", "output": "output"},
        ),
        ("med_nli/triplets.jsonl", "embed", {"anchor": "anchor", "positive": "positive", "negative": "negative"}),
        ("rust_book/docs.jsonl", "pretrain", {"text": "text"}),
        ("formats/files/swift_chatml.jsonl", "sft", {"messages": "messages"}),
        (
            "preference_dpo_en/dpo_messages.jsonl",
            "prefer",
            {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"},
        ),
    ],
)
def test_real_files_suit_the_goal_that_they_were_made_for(file: str, goal: str, columns: dict[str, str]) -> None:
    best = look(str(SHARED / file)).suits[0]
    assert (best.goal, best.columns) == (goal, columns)
    assert best.why


@needs_shared
def test_a_column_of_documents_is_offered_for_the_split() -> None:
    assert look(str(SHARED / "tatqa" / "pairs_paragraph.jsonl")).groups == ("context_id",)


def test_counts_and_profile_are_exact(tmp_path: Path) -> None:
    rows = [{"prompt": "a" * n, "completion": "" if n == 7 else "yes"} for n in range(1, 101)]
    facts = look(str(write_lines(tmp_path / "rows.jsonl", rows)))
    assert facts.rows == 100
    prompt, completion = facts.columns
    assert (prompt.name, prompt.type, prompt.distinct, prompt.longest, prompt.mean) == (
        "prompt",
        "text",
        100,
        100,
        50.5,
    )
    assert (completion.empty, completion.distinct, completion.examples) == (0.01, 1, ("yes",))
    assert (facts.lengths.median, facts.lengths.p95, facts.lengths.p99, facts.lengths.longest) == (53, 98, 102, 103)
    assert facts.lengths.mean == pytest.approx(50.5 + 3 * 0.99, abs=0.05)
    assert facts.examples == tuple(rows[:3])


def test_long_texts_are_measured_within_a_percent(tmp_path: Path) -> None:
    rows = [{"text": "a" * (100_003 + n)} for n in range(50)]
    lengths = look(str(write_lines(tmp_path / "rows.jsonl", rows))).lengths
    assert lengths.median == pytest.approx(100_027, rel=0.01)
    assert lengths.longest == 100_052


# The same rows in every clothing.


def as_json(path: Path) -> Path:
    (path / "d.json").write_text(json.dumps(PAIRS, indent=2))
    return path / "d.json"


def as_one_line(path: Path) -> Path:
    (path / "d.json").write_text(json.dumps(PAIRS))
    return path / "d.json"


def as_lines(path: Path) -> Path:
    return write_lines(path / "d.jsonl", PAIRS)


def as_lines_with_mark(path: Path) -> Path:
    (path / "d.jsonl").write_bytes(b"\xef\xbb\xbf" + as_lines(path).read_bytes())
    return path / "d.jsonl"


def as_windows_lines(path: Path) -> Path:
    (path / "d.jsonl").write_bytes(as_lines(path).read_bytes().replace(b"\n", b"\r\n") + b"\r\n\r\n")
    return path / "d.jsonl"


def as_gzip(path: Path) -> Path:
    (path / "d.jsonl.gz").write_bytes(gzip.compress(as_lines(path).read_bytes()))
    return path / "d.jsonl.gz"


def as_zstandard(path: Path) -> Path:
    import pyarrow as pa

    with pa.output_stream(str(path / "d.jsonl.zst"), compression="zstd") as stream:
        stream.write(as_lines(path).read_bytes())
    return path / "d.jsonl.zst"


def as_table(path: Path, delimiter: str = ",", encoding: str = "utf-8", name: str = "d.csv") -> Path:
    with (path / name).open("w", newline="", encoding=encoding) as stream:
        writer = csv.DictWriter(stream, ["question", "passage"], delimiter=delimiter)
        writer.writeheader()
        writer.writerows(PAIRS)
    return path / name


def as_excel_table(path: Path) -> Path:
    return as_table(path, encoding="utf-8-sig")


def as_tabs(path: Path) -> Path:
    return as_table(path, delimiter="\t", name="d.tsv")


def as_parquet(path: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(PAIRS), path / "d.parquet")
    return path / "d.parquet"


def as_arrow_file(path: Path) -> Path:
    import pyarrow as pa

    table = pa.Table.from_pylist(PAIRS)
    with pa.ipc.new_file(str(path / "d.arrow"), table.schema) as writer:
        writer.write_table(table)
    return path / "d.arrow"


def as_arrow_stream(path: Path) -> Path:
    import pyarrow as pa

    table = pa.Table.from_pylist(PAIRS)
    with pa.ipc.new_stream(str(path / "d.arrow"), table.schema) as writer:
        writer.write_table(table)
    return path / "d.arrow"


def as_folder(path: Path) -> Path:
    (path / "rows").mkdir()
    write_lines(path / "rows" / "a.jsonl", PAIRS[:120])
    write_lines(path / "rows" / "b.jsonl", PAIRS[120:])
    (path / "rows" / "README.md").write_text("What this is.")
    return path / "rows"


def as_pattern(path: Path) -> Path:
    return as_folder(path) / "*.jsonl"


CLOTHES = [
    as_json,
    as_one_line,
    as_lines,
    as_lines_with_mark,
    as_windows_lines,
    as_gzip,
    as_zstandard,
    as_table,
    as_excel_table,
    as_tabs,
    as_parquet,
    as_arrow_file,
    as_arrow_stream,
    as_folder,
    as_pattern,
]


@pytest.mark.parametrize("clothe", CLOTHES)
def test_the_same_rows_are_seen_in_every_clothing(tmp_path: Path, clothe: Callable[[Path], Path]) -> None:
    facts = look(str(clothe(tmp_path)))
    assert (facts.rows, facts.format) == (200, "retrieval_pairs")
    assert goals(facts)["embed"] == {"anchor": "question", "positive": "passage"}
    assert facts.examples == tuple(PAIRS[:3])
    assert facts.problems == ()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_other_encodings_are_read_and_told(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("prompt,completion\nWo wohnt Käthe?,Über dem Bäcker in Köln\n" * 1, encoding=encoding)
    facts = look(str(path))
    assert facts.examples == ({"prompt": "Wo wohnt Käthe?", "completion": "Über dem Bäcker in Köln"},)
    assert "encoding" in codes(facts, "warning")
    assert facts.reading == {"reader": "table", "encoding": encoding}


def test_lines_of_utf_16_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in PAIRS), encoding="utf-16")
    assert look(str(path)).rows == 200


def test_quotes_and_line_ends_inside_cells_belong_to_the_cell(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('question,answer\r\n"Says who, ""he""?","one\r\ntwo"\r\nWhy?,Because\r\n', newline="")
    facts = look(str(path))
    assert facts.rows == 2
    assert facts.examples[0] == {"question": 'Says who, "he"?', "answer": "one\r\ntwo"}


def test_semicolons_are_read_and_told(tmp_path: Path) -> None:
    facts = look(str(as_table(tmp_path, delimiter=";")))
    assert facts.rows == 200
    assert "delimiter" in codes(facts, "warning")
    assert facts.reading == {"reader": "table", "delimiter": ";"}


def test_json_under_another_name_is_told(tmp_path: Path) -> None:
    facts = look(str(write_lines(tmp_path / "rows.txt", PAIRS)))
    assert facts.format == "retrieval_pairs"
    assert "wrong_suffix" in codes(facts, "warning")
    assert facts.reading == {"reader": "lines"}


# What stands in the rows.

CHAT = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}]
TALK = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
SHAREGPT = [{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Good day"}]


@pytest.mark.parametrize(
    ("row", "label", "expected"),
    [
        ({"messages": CHAT, "tools": '[{"name": "clock"}]'}, "sft_messages_tools", {"messages", "tools"}),
        ({"Instruction": "Add", "Input": "1 2", "Output": "three"}, "sft_alpaca", {"instruction", "input", "output"}),
        ({"instruction": "Sing", "output": "La la"}, "sft_alpaca", {"instruction", "output"}),
        ({"prompt": CHAT[:1], "completion": CHAT[1:]}, "sft_prompt_completion", {"prompt", "completion"}),
        ({"TEXT": "Once upon a time there was a cat."}, "pretrain_text", {"text"}),
        ({"text": "### Instruction:\nSing\n\n### Response:\nLa la"}, "sft_text", {"text"}),
        (
            {"prompt": "Why?", "chosen": "Because it is so.", "rejected": "No."},
            "preference_plain",
            {"prompt", "completion"},
        ),
    ],
)
def test_rows_for_imitation(tmp_path: Path, row: dict[str, Any], label: str, expected: set[str]) -> None:
    facts = look(str(write_lines(tmp_path / "rows.jsonl", [row] * 3)))
    assert facts.format == label
    assert set(goals(facts)["sft"]) == expected


@pytest.mark.parametrize(
    ("row", "anchor", "positive"),
    [
        ({"anchor": "a cat", "positive": "a tabby"}, "anchor", "positive"),
        ({"query": "a cat", "passage": "a tabby"}, "query", "passage"),
        ({"Question": "What purrs?", "Context": "A cat purrs."}, "Question", "Context"),
        ({"question": "What purrs?", "context": "A cat purrs.", "answer": "a cat"}, "question", "context"),
        ({"premise": "A tabby sleeps", "hypothesis": "A cat sleeps", "label": "entailment"}, "premise", "hypothesis"),
    ],
)
def test_rows_for_search(tmp_path: Path, row: dict[str, Any], anchor: str, positive: str) -> None:
    best = look(str(write_lines(tmp_path / "rows.jsonl", [row] * 3))).suits[0]
    assert (best.goal, best.columns) == ("embed", {"anchor": anchor, "positive": positive})


LONG = "The fox goes home over the hill and through the wood. " * 8


@pytest.mark.parametrize(
    ("row", "label"),
    [
        ({"query": "What is two and two?", "response": "It is four.", "type": "sum"}, "sft_prompt_completion"),
        ({"article": LONG, "highlights": "A fox goes home."}, "sft_prompt_completion"),
        ({"sentence": "I love this film", "label": 1}, "text_classification"),
        ({"utterance": "play some music", "intent": "music"}, "text_classification"),
        ({"sentence1": "A cat.", "sentence2": "A tabby.", "score": 4.5}, "sts_scored_pairs"),
        ({"premise": "A cat sat.", "hypothesis": "A pet sat.", "label": 0}, "nli_pairs"),
        ({"query": "a cat", "pos": ["a tabby"], "neg": ["a dog", "a cow"]}, "triplets"),
        ({"title": "Foxes", "abstract": LONG}, "retrieval_pairs"),
        (
            {"context": LONG, "question": "Who?", "answers": {"text": ["fox"], "answer_start": [4]}},
            "qa_squad",
        ),
        ({"prompt": "Say hello", "completion": "hello", "label": True}, "kto_unpaired"),
        ({"conversations": SHAREGPT, "label": False}, "kto_unpaired"),
        ({"prompt": CHAT[:1], "solution": "2"}, "grpo_verifiable"),
        ({"prompt": "Write f", "test_cases": ["assert f(1)"]}, "grpo_verifiable"),
        ({"prompt": CHAT[:1]}, "prompt_only"),
        ({"conversations": SHAREGPT[:1], "chosen": SHAREGPT[1], "rejected": SHAREGPT[1]}, "preference_conversational"),
        ({"question": "Who?", "response_a": "Me.", "response_b": "You."}, "preference_unlabelled"),
        ({"text": "<s>[INST] Hello [/INST] Good day</s>"}, "sft_text"),
        ({"content": LONG, "path": "fox.py", "language": "python"}, "pretrain_text"),
        ({"image": "fox.png", "conversations": SHAREGPT}, "sft_multimodal"),
        ({"conversations": SHAREGPT, "tools": "[]"}, "sft_sharegpt_tools"),
    ],
)
def test_formats_under_other_names(tmp_path: Path, row: dict[str, Any], label: str) -> None:
    assert look(str(write_lines(tmp_path / "rows.jsonl", [row] * 12))).format == label


def test_sentence_pairs_that_do_not_all_follow_are_sorted_into_classes_and_are_no_search_pairs(tmp_path: Path) -> None:
    rows = [
        {"premise": "A cat sleeps", "hypothesis": "A dog barks", "label": word} for word in ("entailment", "neutral")
    ]
    facts = look(str(write_lines(tmp_path / "rows.jsonl", rows * 5)))
    assert facts.format == "nli_pairs"
    assert goals(facts)["classify"] == {"text": "premise", "text_pair": "hypothesis", "label": "label"}
    assert goals(facts)["embed"] == {"sentence1": "premise", "sentence2": "hypothesis", "label": "label"}


@pytest.mark.parametrize(
    ("row", "goal", "columns"),
    [
        ({"query": "a cat", "pos": "a tabby", "neg": "a dog"}, "embed",
         {"anchor": "query", "positive": "pos", "negative": "neg"}),
        ({"sentence1": "a cat", "sentence2": "a tabby", "score": 0.9}, "embed",
         {"sentence1": "sentence1", "sentence2": "sentence2", "score": "score"}),
        ({"text": "It rains all day long.", "label": "weather"}, "classify", {"text": "text", "label": "label"}),
        ({"prompt": "Why?", "chosen": "Because it is so.", "rejected": "No."}, "reward",
         {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}),
        ({"prompt": "Why?", "completion": "So.", "label": True}, "prefer",
         {"prompt": "prompt", "completion": "completion", "label": "label"}),
        ({"prompt": "1 + 1?", "ground_truth": "2"}, "reinforce", {"prompt": "prompt", "answer": "ground_truth"}),
        ({"prompt": "Write a poem about the sea."}, "distill", {"prompt": "prompt"}),
        ({"prompt": "Why?", "completion": "So it is."}, "baseline", {"prompt": "prompt", "completion": "completion"}),
    ],
)  # fmt: skip
def test_rows_for_every_other_goal(tmp_path: Path, row: dict[str, Any], goal: str, columns: dict[str, str]) -> None:
    facts = look(
        str(
            write_lines(
                tmp_path / "rows.jsonl",
                [row] * 6 + [{**row, "label": "other"}] * 6 if row.get("label") == "weather" else [row] * 12,
            )
        )
    )
    assert goals(facts)[goal] == columns


@pytest.mark.parametrize(
    ("row", "label", "convert", "shown"),
    [
        ({"conversations": SHAREGPT}, "sft_sharegpt", "chats", {"conversations": CHAT}),
        (
            {"conversation": [{"human": "Hi", "assistant": "Hello"}]},
            "sft_sharegpt_pairs",
            "chats",
            {"conversation": TALK},
        ),
        (
            {"messages": [{"role": "client", "content": "Hi"}, {"role": "bot", "content": "Hello"}]},
            "sft_messages",
            "chats",
            {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]},
        ),
        (
            {"messages": [{"role": "assistant", "content": [{"type": "text", "text": "Hi"}]}]},
            "sft_messages",
            "chats",
            {"messages": [{"role": "assistant", "content": "Hi"}]},
        ),
        ({"text": json.dumps(CHAT)}, "sft_text_of_json_messages", "chats", {"text": CHAT}),
        (
            {"instruction": "Sing", "instances": [{"input": "", "output": "La"}]},
            "sft_nested_instances",
            "instances",
            {"instruction": "Sing", "input": "", "output": "La", "document": "1"},
        ),
        (
            {"question": "Who?", "contexts": ["A cat.", "A dog."], "answer": "it"},
            "qa_context",
            "joined_texts",
            {"question": "Who?", "contexts": "A cat.\n\nA dog.", "answer": "it"},
        ),
    ],
)
def test_nested_forms_are_converted(
    tmp_path: Path, row: dict[str, Any], label: str, convert: str, shown: dict[str, Any]
) -> None:
    facts = look(str(write_lines(tmp_path / "rows.jsonl", [row] * 3)))
    assert facts.format == label
    suit = next(suit for suit in facts.suits if suit.goal == "sft")
    assert (suit.convert, suit.reading) == (convert, {"reader": "lines"})
    assert facts.converted[convert][0] == shown
    assert not codes(facts, "wrong")


@pytest.mark.parametrize(
    ("document", "rows", "label"),
    [
        ({"version": 2, "data": PAIRS}, 200, "retrieval_pairs"),
        ({"train": PAIRS[:150], "test": PAIRS[150:]}, 200, "retrieval_pairs"),
        ({f"id{n}": row for n, row in enumerate(PAIRS)}, 200, "retrieval_pairs"),
        ({"question": [row["question"] for row in PAIRS], "passage": [row["passage"] for row in PAIRS]}, 200, ""),
    ],
)
def test_rows_inside_an_object_are_seen_and_read(tmp_path: Path, document: Any, rows: int, label: str) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(document))
    facts = look(str(path))
    assert facts.rows == rows
    assert facts.format == (label or "retrieval_pairs")
    assert facts.suits[0].goal == "embed"
    assert facts.suits[0].reading["reader"] == "document"
    assert facts.suits[0].reading["layout"] in ("wrapped", "keyed", "columns")


def test_lines_of_bare_lists(tmp_path: Path) -> None:
    rows = [[f"How do I get to town number {n}?", "travel" if n % 2 else "maps"] for n in range(40)]
    facts = look(str(write_lines(tmp_path / "rows.jsonl", rows)))
    assert (facts.rows, facts.format) == (40, "text_classification")


# What is wrong.


def problem_of(path: Path | str) -> Problem:
    with pytest.raises(Problem) as caught:
        look(str(path))
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    write_lines(tmp_path / "support.jsonl", PAIRS)
    problem = problem_of(tmp_path / "suport.jsonl")
    assert problem.code == "missing"
    assert f"did you mean '{tmp_path / 'support.jsonl'}'?" in str(problem)


def test_a_missing_folder_names_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "datasets").mkdir()
    assert "datasets'" in problem_of(tmp_path / "dataset" / "rows.jsonl").advice


def test_a_pattern_that_matches_nothing_says_so(tmp_path: Path) -> None:
    write_lines(tmp_path / "rows.jsonl", PAIRS)
    assert "pattern" in str(problem_of(tmp_path / "*.csv"))


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"\xef\xbb\xbf"])
def test_an_empty_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rows.jsonl").write_bytes(content)
    assert problem_of(tmp_path / "rows.jsonl").code in ("empty", "broken_row")


@pytest.mark.parametrize(("name", "content"), [("a.json", "[]"), ("a.json", "{}"), ("a.csv", "question,answer\n")])
def test_a_file_without_rows(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert problem_of(tmp_path / name).code == "empty"


def test_an_empty_folder_and_one_without_data(tmp_path: Path) -> None:
    assert "empty" in str(problem_of(tmp_path))
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n")
    assert "no data file" in str(problem_of(tmp_path))


def test_one_row(tmp_path: Path) -> None:
    facts = look(str(write_lines(tmp_path / "rows.jsonl", PAIRS[:1])))
    assert "one_row" in codes(facts, "wrong")


def test_few_rows(tmp_path: Path) -> None:
    assert "too_few_rows" in codes(look(str(write_lines(tmp_path / "rows.jsonl", PAIRS[:30]))), "warning")


def test_broken_lines_are_named_and_the_rest_is_counted(tmp_path: Path) -> None:
    lines = [json.dumps(row) for row in PAIRS]
    lines[6] = lines[6][:-5]
    lines[149] = "oops"
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    facts = look(str(tmp_path / "rows.jsonl"))
    broken = [problem for problem in facts.problems if problem.code == "broken_row"]
    assert [problem.row for problem in broken] == [7, 150]
    assert broken[0].message.startswith("line 7 is not valid JSON")
    assert facts.rows == 198


def test_many_broken_lines_are_summed_up(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("\n".join([json.dumps(PAIRS[0])] + ["{broken"] * 5000))
    broken = [problem for problem in look(str(tmp_path / "rows.jsonl")).problems if problem.code == "broken_row"]
    assert len(broken) == 11
    assert broken[-1].message == "4,990 more lines are broken"


def test_a_broken_document_names_the_line(tmp_path: Path) -> None:
    text = json.dumps(PAIRS, indent=1)
    lines = text.splitlines()
    lines[402] = lines[402].replace('":', '"')
    (tmp_path / "rows.json").write_text("\n".join(lines))
    facts = look(str(tmp_path / "rows.json"))
    assert [problem.row for problem in facts.problems if problem.code == "broken_row"] == [403]
    assert facts.rows == 100


def test_a_document_that_is_cut_off_says_so_after_the_rows_before(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text(json.dumps(PAIRS)[:-40])
    facts = look(str(tmp_path / "rows.json"))
    assert facts.rows == 199
    assert "broken_row" in codes(facts, "wrong")


def test_a_document_larger_than_the_buffer_is_whole(tmp_path: Path) -> None:
    rows = [{"prompt": f"Number {n}", "completion": "é" * 3000} for n in range(1200)]
    (tmp_path / "rows.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    facts = look(str(tmp_path / "rows.json"))
    assert facts.rows == 1200
    assert facts.problems == ()


def test_everything_broken(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("{nothing\n{works\n")
    problem = problem_of(tmp_path / "rows.jsonl")
    assert problem.code == "broken_row"
    assert "line 1 is not valid JSON" in str(problem)


@pytest.mark.parametrize(
    ("cells", "message"),
    [("only one", "has 1 cells where the first line has 2"), ("a,b,c", "has 3 cells"), ('"open,b', "no valid row")],
)
def test_ragged_tables(tmp_path: Path, cells: str, message: str) -> None:
    (tmp_path / "rows.csv").write_text(f"prompt,completion\nHello,Good day\n{cells}\n")
    facts = look(str(tmp_path / "rows.csv"))
    assert facts.rows == 1
    broken = next(problem for problem in facts.problems if problem.code == "broken_row")
    assert broken.row == 3
    assert message in broken.message


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text,text\na,b\n")
    assert "'text'" in str(problem_of(tmp_path / "rows.csv"))


def test_a_table_without_names(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("How do I pay?,billing\nWhere is my card?,cards\nHow do I top up?,billing\n")
    facts = look(str(tmp_path / "rows.csv"))
    assert "no_header" in codes(facts, "warning")
    assert (facts.rows, facts.reading) == (3, {"reader": "table", "header": False})
    assert facts.examples[0] == {"column_1": "How do I pay?", "column_2": "billing"}


def test_empty_fields_and_equal_rows_are_counted_over_all_rows(tmp_path: Path) -> None:
    rows = [{"prompt": f"Say {n}", "completion": f"It is {n}"} for n in range(3000)]
    rows[2500] = {"prompt": "Say nothing", "completion": "  "}
    rows[2800] = rows[1]
    facts = look(str(write_lines(tmp_path / "rows.jsonl", rows)))
    found = {problem.code: problem for problem in facts.problems}
    assert (found["empty_field"].row, found["duplicate_row"].row) == (2501, 2801)
    assert "'completion' is empty in 1 of 3,000 rows" in found["empty_field"].message


def test_an_empty_input_is_no_problem(tmp_path: Path) -> None:
    rows = [{"instruction": f"Say {n}", "input": "", "output": f"It is {n}"} for n in range(150)]
    assert look(str(write_lines(tmp_path / "rows.jsonl", rows))).problems == ()


def test_columns_that_fit_no_goal(tmp_path: Path) -> None:
    facts = look(str(write_lines(tmp_path / "rows.jsonl", [{"height": n, "weight": n * 2.5} for n in range(150)])))
    assert (facts.format, facts.suits) == ("not_a_dataset", ())
    problem = next(problem for problem in facts.problems if problem.code == "no_goal_fits")
    assert "height, weight" in problem.message
    assert "prompt and completion" in problem.advice


def test_unsaying_names_are_mapped_with_a_warning(tmp_path: Path) -> None:
    rows = [{"a": f"Where is town number {n}?", "b": f"It lies at kilometre {n}, by the sea."} for n in range(150)]
    facts = look(str(write_lines(tmp_path / "rows.jsonl", rows)))
    assert goals(facts)["sft"] == {"prompt": "a", "completion": "b"}
    assert facts.confidence < 0.6
    assert "unsure" in codes(facts, "warning")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"PK\x03\x04rest", "zip archive"),
        (b"%PDF-1.7", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"SQLite format 3\x00", "SQLite"),
        (b"GGUF\x03\x00", "model weights"),
        (bytes(range(256)) * 8, "binary"),
    ],
)
def test_what_is_no_text_is_called_by_its_name(tmp_path: Path, content: bytes, word: str) -> None:
    (tmp_path / "rows.jsonl").write_bytes(content)
    problem = problem_of(tmp_path / "rows.jsonl")
    assert problem.code == "not_text"
    assert word in str(problem)


@pytest.mark.parametrize("clothe", [as_gzip, as_zstandard, as_parquet, as_arrow_file])
def test_a_file_cut_in_half(tmp_path: Path, clothe: Callable[[Path], Path]) -> None:
    path = clothe(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    try:
        facts = look(str(path))
    except Problem as problem:
        assert problem.code in ("unreadable", "broken_row")
    else:
        assert "broken_row" in codes(facts, "wrong")


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rows.jsonl")
    assert problem_of(tmp_path / "rows.jsonl").code == "not_a_file"


def test_a_folder_of_several_kinds_says_what_is_left_out(tmp_path: Path) -> None:
    write_lines(tmp_path / "rows.jsonl", PAIRS)
    (tmp_path / "notes.txt").write_text("Remember the milk.")
    facts = look(str(tmp_path))
    assert facts.rows == 200
    assert "mixed_files" in codes(facts, "warning")


def test_a_test_file_that_a_pattern_takes_in_is_told(tmp_path: Path) -> None:
    write_lines(tmp_path / "train.jsonl", PAIRS[:150])
    write_lines(tmp_path / "test.jsonl", PAIRS[150:])
    assert "test_inside" in codes(look(f"{tmp_path}/*.jsonl"), "warning")


def test_one_bad_file_among_several(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", PAIRS[:150])
    (tmp_path / "b.jsonl").write_text("")
    write_lines(tmp_path / "c.jsonl", [{"question": "Who?", "passage": "A cat.", "more": 1}])
    (tmp_path / "d.jsonl").write_text(json.dumps(PAIRS[199]) + "\n{oops\n")
    facts = look(str(tmp_path))
    assert facts.rows == 152
    assert {"empty", "columns_differ", "broken_row"} <= codes(facts)
    assert any(problem.message.startswith("d.jsonl, line 2 ") for problem in facts.problems)


def test_deep_nesting_and_half_letters_are_broken_rows(tmp_path: Path) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    (tmp_path / "rows.json").write_text('[{"text": "Good."}, {"text": "\\ud800"}, {"text": ' + deep + "}]")
    facts = look(str(tmp_path / "rows.json"))
    assert facts.rows == 1
    assert len([problem for problem in facts.problems if problem.code == "broken_row"]) == 2


def test_markup_and_escapes_stay_what_they_are(tmp_path: Path) -> None:
    rows = [{"prompt": "[red]stop[/red] \x1b[31m", "completion": "{}'\"\n"}] * 2
    assert look(str(write_lines(tmp_path / "rows.jsonl", rows))).examples[0] == rows[0]


def run_alone(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_hub_data_set_that_is_not_here_says_to_give_a_file(tmp_path: Path) -> None:
    code = "from engine.data import look\nlook('somebody/nothing-here')"
    outcome = run_alone(code, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    assert "give a local file" in outcome.stderr.splitlines()[-1]


def test_a_cached_hub_data_set_is_looked_at(tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "datasets--somebody--pairs"
    snapshot = repository / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("a" * 40)
    write_lines(snapshot / "train.jsonl", PAIRS)
    code = "from engine.data import look\nprint(look('somebody/pairs').rows)"
    outcome = run_alone(code, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    assert outcome.stdout.strip() == "200", outcome.stderr


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("opened", ["[", ""])
def test_a_large_file_is_looked_at_in_little_memory(tmp_path: Path, opened: str) -> None:
    row = json.dumps({"prompt": "Tell me about foxes", "completion": "A fox goes home. " * 60})
    with (tmp_path / "rows.json").open("w") as stream:
        stream.write(opened + row)
        for _ in range(60_000):
            stream.write((", " if opened else "\n") + row)
        stream.write("]" if opened else "")
    code = (
        "import re, sys\nfrom pathlib import Path\nfrom engine.data import look\nrows = look(sys.argv[1]).rows\n"
        "print(rows, int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024)"
    )
    outcome = run_alone(code, str(tmp_path / "rows.json"))
    rows, mebibytes = map(int, outcome.stdout.split())
    assert rows == 60_001
    assert mebibytes < 64


def test_the_look_loads_nothing_heavy() -> None:
    heavy = ("pyarrow", "huggingface_hub", "torch", "pydantic", "datasets")
    code = f"import sys, engine.data.examine\nprint([name for name in {heavy} if name in sys.modules])"
    assert run_alone(code).stdout.strip() == "[]"


@needs_shared
def test_damaged_files_end_in_facts_or_in_a_sentence(tmp_path: Path) -> None:
    """A short fuzzer: bytes of real files are changed, cut and doubled; only facts or a Problem may come out."""
    chance = random.Random(5)
    originals = [file for file in sorted((SHARED / "formats" / "files").iterdir()) if file.stat().st_size < 40_000]
    for round_ in range(400):
        original = chance.choice(originals)
        path = tmp_path / f"{round_}-{original.name}"
        path.write_bytes(damaged(original.read_bytes(), chance))
        try:
            assert orjson.dumps(dataclasses.asdict(look(str(path))))
        except Problem as problem:
            assert str(problem)


def damaged(content: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice([1, 2, 8])):
        at, size = chance.randrange(len(content) + 1), chance.choice([1, 4, 200])
        pieces = [b"", b'"', b"{", b"]", b"\n", b"\x00", b"\xff\xfe", b"\\ud800", b"NaN", content[:size]]
        content = content[:at] + chance.choice(pieces) + content[at + chance.choice([0, 0, size]) :]
    return content


def test_a_folder_of_code_is_text_to_read_on_in(tmp_path: Path) -> None:
    for name, content in {
        "src/main.py": "import os\n\nprint(1)\n",
        "src/__init__.py": "",
        "lib.rs": "fn main() {}\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    facts = look(str(tmp_path))
    assert facts.rows == 3
    assert (facts.suits[0].goal, facts.suits[0].columns) == ("pretrain", {"text": "text"})
    assert not codes(facts, "wrong")


def test_several_tasks_are_looked_at_together(tmp_path: Path) -> None:
    first = write_lines(
        tmp_path / "a.jsonl", [{"prompt": f"what is {n}?", "completion": f"it is {n}"} for n in range(150)]
    )
    second = write_lines(tmp_path / "b.jsonl", [{"instruction": f"do {n}", "output": "done " * 9} for n in range(50)])
    facts = look([{"file": str(first)}, {"file": str(second), "weight": 2}])
    assert facts.rows == 200
    assert [suit.goal for suit in facts.suits] == ["sft"]
    assert [part.suits[0].columns for part in facts.parts] == [
        {"prompt": "prompt", "completion": "completion"},
        {"instruction": "instruction", "output": "output"},
    ]
    alone = [part.lengths for part in facts.parts]
    assert facts.lengths.longest == max(lengths.longest for lengths in alone)
    assert facts.lengths.mean == pytest.approx((150 * alone[0].mean + 50 * alone[1].mean) / 200, abs=0.1)
    assert [problem.message for problem in facts.problems] == ["b.jsonl: there are only 50 rows"]
    with pytest.raises(Problem, match="there is no such file"):
        look([{"file": str(first)}, {"file": str(tmp_path / "c.jsonl")}])


def test_a_large_file_is_told_of_at_once_and_counted_meanwhile(tmp_path, monkeypatch):
    from engine.data import examine

    rows = [{"prompt": f"question {n}?", "completion": f"answer {n}."} for n in range(9000)]
    file = write_lines(tmp_path / "rows.jsonl", rows)
    news = []
    assert look(str(file), news.append).rows == 9000
    assert news == [], "a small file is looked at as a whole"
    monkeypatch.setattr(examine, "LARGE", 1000)
    monkeypatch.setattr(examine, "OFTEN", 2500)
    facts = look(str(file), news.append)
    first, *counted = news
    assert (first.format, first.counted, counted) == (facts.format, 2000, [2500, 5000, 7500])
    assert 8000 < first.rows < 10000, "an estimate by the size of the file"
    assert (facts.rows, facts.counted) == (9000, None)
