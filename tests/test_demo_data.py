"""The embedded example: what a person reads in it is true, and a model finds something to learn in it."""

import json
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from engine.config import EmbedRun, SftRun, parse
from engine.data import look
from engine.demo import answers, facts, write_embed, write_sft
from engine.problem import Problem

ROOT = Path(__file__).parents[1]


def rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def test_there_are_enough_distinct_pairs(tmp_path: Path) -> None:
    pairs = rows(write_embed(tmp_path))
    assert len(pairs) >= 1000
    assert len({pair["passage"] for pair in pairs}) >= 300
    assert len({pair["topic"] for pair in pairs}) >= 100
    assert all(set(pair) == {"question", "passage", "topic"} for pair in pairs)


def test_every_question_belongs_to_one_passage_and_most_passages_have_several(tmp_path: Path) -> None:
    pairs = rows(write_embed(tmp_path))
    assert max(Counter(pair["question"] for pair in pairs).values()) == 1
    per_passage = Counter(pair["passage"] for pair in pairs)
    assert sum(count >= 2 for count in per_passage.values()) > 0.9 * len(per_passage)


def test_a_passage_never_stands_under_two_topics(tmp_path: Path) -> None:
    topics: dict[str, set[str]] = {}
    for pair in rows(write_embed(tmp_path)):
        topics.setdefault(pair["passage"], set()).add(pair["topic"])
    assert all(len(found) == 1 for found in topics.values())


def test_questions_use_other_words_than_their_passages(tmp_path: Path) -> None:
    pairs = rows(write_embed(tmp_path))
    common = {word for word, count in Counter(w for p in pairs for w in words(p["passage"])).items() if count > 20}
    shared = sum(
        len(words(pair["question"]) & words(pair["passage"]) & common - {"the", "of", "is", "in"}) for pair in pairs
    )
    assert shared / len(pairs) < 0.25


def test_texts_are_short_and_whole() -> None:
    texts = [text for fact in facts() for text in (fact.passage, *(part for asked in fact.asked for part in asked))]
    assert all(len(text.split()) <= 25 for text in texts)
    assert all(text[0].isupper() or not text[0].isalpha() for text in texts)
    assert all(text[-1] in ".?" and "{" not in text and "  " not in text for text in texts)


@pytest.mark.parametrize(
    "passage",
    [
        "The element gold has the symbol Au and the atomic number 79."
        "|Gold is the element with atomic number 79 and the symbol Au.",
        "The capital of Australia is Canberra.|Canberra is the capital of Australia.",
        "The currency of Japan is the yen.|The official currency in Japan is the yen.",
        "The water of the Danube flows into the Black Sea.|The Danube flows into the Black Sea.",
        "The angles inside a hexagon add up to 720 degrees.",
        "In the periodic table chlorine stands in period 3 and group 17.",
        "The month of February has 28 days, or 29 in a leap year.",
        "A young kangaroo is called a joey.",
    ],
)
def test_known_facts_are_among_them(passage: str) -> None:
    assert {fact.passage for fact in facts()} & set(passage.split("|"))


def test_elements_stand_where_the_periodic_table_has_them() -> None:
    table = (ROOT / "presets" / "demo" / "elements.tsv").read_text(encoding="utf-8").splitlines()[1:]
    noble = {2: 1, 10: 2, 18: 3, 36: 4, 54: 5, 86: 6}
    for _, symbol, number, period, group in (line.split("\t") for line in table):
        assert period == str(1 + sum(int(number) > last for last in noble))
        assert (group == "18") == (int(number) in noble), symbol
    numbers = [int(line.split("\t")[2]) for line in table]
    assert numbers == sorted(set(numbers))


def test_solids_obey_euler() -> None:
    names = {"four": 4, "six": 6, "eight": 8, "twelve": 12, "twenty": 20, "thirty": 30}
    for line in (ROOT / "presets" / "demo" / "solids.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        _, faces, _, corners, edges = line.split("\t")
        assert names[faces] + names[corners] - names[edges] == 2


def test_writing_is_quick_and_always_the_same(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom engine.demo import write_embed, write_sft\n"
        "write_embed(Path(sys.argv[1]))\nwrite_sft(Path(sys.argv[1]))"
    )
    for folder in ("one", "two"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / folder)], cwd=ROOT, check=True, timeout=30)
    for name in ("pairs.jsonl", "answers.jsonl"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    facts.cache_clear()
    started = time.process_time()
    write_embed(tmp_path / "three")
    assert time.process_time() - started < 0.3


def test_the_look_sees_it_as_the_run_uses_it(tmp_path: Path) -> None:
    pairs = look(str(write_embed(tmp_path)))
    assert (pairs.format, pairs.problems, pairs.groups) == ("retrieval_pairs", (), ("topic",))
    assert pairs.suits[0].columns == answers("embed", tmp_path)["data"]["columns"]
    talk = look(str(write_sft(tmp_path)))
    assert (talk.format, talk.problems) == ("sft_prompt_completion", ())
    assert talk.suits[0].columns == answers("sft", tmp_path)["data"]["columns"]


def test_the_answers_make_a_run(tmp_path: Path) -> None:
    embed, sft = parse(answers("embed", tmp_path)), parse(answers("sft", tmp_path))
    assert isinstance(embed, EmbedRun)
    assert isinstance(sft, SftRun)
    assert Path(embed.data.train) == write_embed(tmp_path)
    assert Path(sft.data.train) == write_sft(tmp_path)
    assert Path(embed.model.id) == tmp_path / "tiny-model"


def test_an_unknown_goal_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="embed"):
        answers("embd", tmp_path)


def test_nothing_heavy_is_loaded() -> None:
    code = "import sys, engine.demo; print([n for n in ('torch', 'pydantic', 'ruamel', 'textual') if n in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    assert found.stdout.strip() == "[]"
