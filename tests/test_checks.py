"""What the checks find where it was planted, and that they are silent on rows that are clean."""

import json
import random
from pathlib import Path

import pytest

from engine.data import look
from engine.data.checks import Asked, check, together
from engine.data.checks.doubles import NEAR
from engine.data.checks.patterns import has_card, has_secret, is_garbled, is_personal
from tests.commands import values
from tests.tiny import write_rows

SHARED = Path(__file__).parents[2] / "shared" / "data"
WORDS = [a + b + c for a in ("ba", "ko", "li", "mu", "ter") for b in ("na", "so", "ri", "ve", "pla") for c in "knrst"]


def sentence(draw: random.Random, words: int = 30) -> str:
    return " ".join(draw.choices(WORDS, k=words)) + "."


def clean(count: int, seed: int = 1) -> list[dict[str, str]]:
    draw = random.Random(seed)
    return [{"prompt": sentence(draw, 12), "completion": sentence(draw)} for _ in range(count)]


def jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other)


def nearly(row: dict[str, str], draw: random.Random, unit: str) -> dict[str, str]:
    """Change words of the answer as long as the whole stays at a Jaccard similarity of 0.8 or above."""

    def pieces(each: dict[str, str]) -> set[str]:
        text = f"{each['prompt']}\n{each['completion']}".lower()
        return set(text.split()) if unit == "words" else {text[at : at + 5] for at in range(len(text) - 4)}

    words, best = row["completion"].split(), row
    for place in draw.sample(range(len(words) - 1), len(words) - 1):
        words[place] = draw.choice(WORDS) + draw.choice("qxyz")
        changed = row | {"completion": " ".join(words)}
        if jaccard(pieces(row), pieces(changed)) < NEAR:
            break
        best = changed
    return best


def codes(path: Path, goal: str = "", **asked: object) -> dict[str, tuple[int | None, tuple[int, ...]]]:
    found = check(look(str(path)), Asked(goal, **asked))  # type: ignore[arg-type]
    return {problem.code: (problem.count, problem.rows) for problem in found}


def test_clean_rows_are_silent(tmp_path: Path) -> None:
    assert codes(write_rows(tmp_path / "clean.jsonl", clean(400)), "sft", tokens=1024) == {}


def test_every_equal_row_is_found(tmp_path: Path) -> None:
    rows = clean(400)
    planted = [*rows, *rows[10:40]]
    found = codes(write_rows(tmp_path / "equal.jsonl", planted), "sft")
    assert found == {"duplicate_row": (30, (401, 402, 403, 404, 405))}


@pytest.mark.parametrize("unit", ["letters", "words"])
def test_near_duplicates_are_found_at_a_similarity_of_eight_tenths(tmp_path: Path, unit: str) -> None:
    draw, rows = random.Random(2), clean(300)
    twins = [nearly(row, draw, unit) for row in rows[:100]]
    assert all(twin != row for twin, row in zip(twins, rows, strict=False))
    found = codes(write_rows(tmp_path / "near.jsonl", [*rows, *twins]), "sft")
    assert set(found) == {"near_duplicate"}
    count, named = found["near_duplicate"]
    assert count is not None and 90 <= count <= 100
    assert all(row > 300 for row in named)


def test_rows_of_the_test_are_found_in_the_training(tmp_path: Path) -> None:
    draw, rows, others = random.Random(3), clean(300), clean(60, seed=9)
    test = write_rows(
        tmp_path / "test.jsonl", [*others, *rows[5:25], *(nearly(row, draw, "words") for row in rows[30:50])]
    )
    found = codes(write_rows(tmp_path / "train.jsonl", rows), "sft", test=str(test))
    assert found["leakage"] == (20, (6, 7, 8, 9, 10))
    count, named = found["near_leakage"]
    assert count is not None and count >= 18 and named[0] == 31


def test_an_equal_passage_under_another_question_is_a_positive_and_no_double(tmp_path: Path) -> None:
    draw = random.Random(4)
    rows = [{"anchor": sentence(draw, 8), "positive": sentence(draw, 80)} for _ in range(320)]
    for place in range(200, 220):
        rows[place]["positive"] = rows[place - 100]["positive"]
    assert codes(write_rows(tmp_path / "pairs.jsonl", rows), "embed") == {
        "duplicate_positive": (20, (201, 202, 203, 204, 205))
    }


SPOILED = {
    "mojibake": "the cafÃ© is open",
    "html": "press <br/> to go on",
    "control_character": "a bell\x07 rings",
    "secret": "the key is AKIA" + "ABCDEFGHIJKLMNOP",
    "personal_data": "write to jane.doe@company.org",
}


@pytest.mark.parametrize("code", SPOILED)
def test_spoiled_texts_are_found_and_never_repeated(tmp_path: Path, code: str) -> None:
    rows = clean(320)
    for place in (7, 100):
        rows[place]["completion"] = f"{place} {SPOILED[code]} {rows[place]['completion']}"
    data = write_rows(tmp_path / "rows.jsonl", rows)
    assert codes(data, "sft") == {code: (2, (8, 101))}
    (found,) = check(look(str(data)), Asked("sft"))
    assert found.remedies == ("drop", "keep") and found.advice
    assert "AKIA" not in repr(found) and "jane" not in repr(found)


@pytest.mark.parametrize(
    "text", ["café, naïve, Ärger, São Paulo, £5, “so” – and…", "Â is a letter, Ã as well", "日本語"]
)
def test_letters_that_stand_rightly_are_not_garbled(text: str) -> None:
    assert not is_garbled(text)


def test_numbers_and_addresses_that_belong_to_nobody_are_let_through() -> None:
    assert has_card("pay with 4111 1111 1111 1111 now")
    for text in ("order 4111 1111 1111 1112", "pi is 3.14159265358979", "1234567890123", "mail me@example.com or a@b"):
        assert not is_personal(text), text
    assert not has_secret("a task-force of sk- and hf_ names, the key AKIA")


def test_what_is_preferred_must_differ_and_not_by_length_alone(tmp_path: Path) -> None:
    draw = random.Random(5)
    rows = [
        {"prompt": sentence(draw, 9), "chosen": sentence(draw, 40), "rejected": sentence(draw, 20)} for _ in range(320)
    ]
    rows[3]["rejected"] = rows[3]["chosen"]
    found = codes(write_rows(tmp_path / "pairs.jsonl", rows), "prefer")
    assert found["chosen_equals_rejected"] == (1, (4,))
    assert found["chosen_longer"][0] == 319
    for row in rows[100:]:
        row["chosen"], row["rejected"] = row["rejected"], row["chosen"]
    assert set(codes(write_rows(tmp_path / "even.jsonl", rows), "prefer")) == {"chosen_equals_rejected"}


def test_answers_that_break_off_are_the_exception_or_the_rule(tmp_path: Path) -> None:
    rows = clean(320)
    rows[50]["completion"] = rows[50]["completion"][:-1]
    assert codes(write_rows(tmp_path / "one.jsonl", rows), "sft") == {"unfinished_answer": (1, (51,))}
    for row in rows:
        row["completion"] = row["completion"].rstrip(".")
    assert codes(write_rows(tmp_path / "all.jsonl", rows), "sft") == {}


def labelled(sizes: dict[str, int]) -> list[dict[str, str]]:
    draw = random.Random(6)
    return [{"text": sentence(draw), "label": label} for label, size in sizes.items() for _ in range(size)]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"a": 110, "b": 110}, {}),
        ({"a": 220}, {"one_class": (220, (1,))}),
        ({"a": 110, "b": 110, "rare": 3}, {"small_class": (3, (221,)), "imbalance": (3, ())}),
        ({"a": 250, "b": 20}, {"imbalance": (20, ())}),
    ],
)
def test_classes_are_counted(tmp_path: Path, sizes: dict[str, int], expected: object) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", labelled(sizes))
    columns = {"text": "text", "label": "label"}
    assert codes(rows, "classify", columns=columns) == expected


def test_rows_in_another_language_are_told(tmp_path: Path) -> None:
    english = [f"This is the number {n} of the houses that we have seen with {n * 7} of them." for n in range(300)]
    texts = [*english[:150], "Это дом номер пять, который мы видели вчера вечером.", *english[150:]]
    rows = [{"prompt": f"Say {place * 31}!", "completion": text} for place, text in enumerate(texts)]
    found = check(look(str(write_rows(tmp_path / "rows.jsonl", rows))), Asked("sft"))
    (mixed,) = [problem for problem in found if problem.code == "mixed_languages"]
    assert (mixed.count, mixed.rows) == (1, (151,)) and "Cyrillic" in mixed.message


def test_long_rows_lose_the_prompt_and_at_worst_the_answer(tmp_path: Path) -> None:
    rows, draw = clean(320), random.Random(7)
    rows[1]["prompt"] = sentence(draw, 600)
    rows[2]["completion"] = sentence(draw, 600)
    data = write_rows(tmp_path / "rows.jsonl", rows)
    found = {problem.code: problem for problem in check(look(str(data)), Asked("sft", tokens=256))}
    assert found["too_long"].rows == (2, 3)
    assert "the beginning of the prompt or the end of the answer" in found["too_long"].message
    assert found["answer_cut"].rows == (3,) and found["answer_cut"].remedies == ("clip", "drop")


def test_empty_fields_and_few_rows_and_shared_documents(tmp_path: Path) -> None:
    rows = [row | {"document_id": f"page {place // 4}"} for place, row in enumerate(clean(120))]
    rows[9]["completion"] = " \n "
    found = {
        problem.code: problem for problem in check(look(str(write_rows(tmp_path / "r.jsonl", rows))), Asked("sft"))
    }
    assert found["empty_field"].rows == (10,)
    assert found["too_few_rows"].count == 120
    assert found["shared_document"].remedies == ("split", "keep") and "document_id" in found["shared_document"].message
    assert "shared_document" not in codes(tmp_path / "r.jsonl", "sft", group="document_id")


def test_a_row_has_the_number_of_its_line_behind_a_broken_one(tmp_path: Path) -> None:
    lines = [json.dumps(row) for row in clean(320)]
    lines[4] = '{"prompt": "cut'
    lines[200] = lines[100]
    data = tmp_path / "rows.jsonl"
    data.write_text("\n".join(lines))
    facts = look(str(data))
    both = together(facts.problems, check(facts, Asked("sft")))
    assert {problem.code: problem.row for problem in both} == {"broken_row": 5, "duplicate_row": 201}


def test_of_a_large_file_it_says_how_much_was_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.data.checks.examination.MOST_LETTERS", 20_000)
    assert 0 < (codes(write_rows(tmp_path / "r.jsonl", clean(400)), "sft")["partly_checked"][0] or 0) < 200


def test_inspect_prints_what_was_found_with_its_remedies(tmp_path: Path) -> None:
    rows = clean(330)
    data = write_rows(tmp_path / "rows.jsonl", [*rows, rows[0]])
    test = write_rows(tmp_path / "test.jsonl", rows[7:9])
    said = values("inspect", data, "--goal", "sft", "--test", test, cwd=tmp_path)
    problems = {problem["code"]: problem for problem in said["problems"]}
    assert problems["duplicate_row"]["count"] == 1 and problems["duplicate_row"]["rows"] == [331]
    assert problems["leakage"]["row"] == 8 and problems["leakage"]["remedies"] == ["drop", "keep"]


@pytest.mark.parametrize("file", ["gsm8k/test.jsonl", "pubmedqa/pairs.jsonl"])
def test_clean_real_data_raises_no_alarm(file: str) -> None:
    if not (SHARED / file).exists():
        pytest.skip(f"{SHARED / file} is not here")
    found = check(look(str(SHARED / file)), Asked(tokens=1024))
    assert [problem for problem in found if problem.severity != "note"] == []


def test_rows_of_one_template_are_compared_in_bounded_time_and_a_copy_is_found(tmp_path: Path) -> None:
    chance = random.Random(5)
    ask = "Please sort this request of a customer into one of our departments:"
    rows = [
        {
            "prompt": f"{ask} {chance.randrange(10**9)} {chance.randrange(10**9)} {chance.randrange(10**9)}",
            "completion": f"It belongs to {chance.randrange(10**9)}.",
        }
        for _ in range(900)
    ]
    rows.append({**rows[10], "completion": rows[10]["completion"] + "!"})
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = {problem.code: problem.rows for problem in check(look(str(path)), Asked("sft"))}
    assert found["near_duplicate"] == (901,)
