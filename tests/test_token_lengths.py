"""Lengths are counted with the model's own tokenizer: as the training tokenises, in samples too, and said where not."""

import json
import random
from dataclasses import replace

import pytest
from transformers import AutoTokenizer

from engine import chat_template, token_count, token_lengths
from engine.data import look
from engine.guide import Facts, recommend
from engine.length_findings import too_long
from engine.model import look as look_at_model
from engine.recipes.parts import conversation
from engine.row_texts import Reads
from engine.token_lengths import EstimatedTokens
from tests import facts
from tests.commands import values
from tests.tiny import tiny_llama, write_rows

WORDS = ["red", "green", "blue", "door", "boat", "lamp", "coat", "bird", "stone", "house", "river", "chair", "cloud"]


@pytest.fixture(autouse=True)
def counted_anew(monkeypatch):
    monkeypatch.setattr(token_lengths, "_known", token_lengths.OrderedDict())


def chats(count, seed=0):
    draw = random.Random(seed)
    return [
        {
            "prompt": " ".join(draw.choices(WORDS, k=draw.randint(3, 20))),
            "completion": "它是红色的。" * draw.randint(1, 40),
        }
        for _ in range(count)
    ]


def count(goal, rows, columns, folder, tmp_path, **more):
    data = look(str(write_rows(tmp_path / "rows.jsonl", rows)))
    known = Reads(goal, tuple(columns.items()), "{instruction}\n\n{input}", "plain", **more)
    return token_lengths.token_lengths(known, look_at_model(str(folder)), data)


def rendered(tokenizer, turns):
    tokenizer.chat_template = conversation.plain_template()
    ids = tokenizer.apply_chat_template(turns, return_dict=False)
    return len(ids) - ids[::-1].index(tokenizer.eos_token_id)


def test_chats_and_pairs_are_as_long_as_the_training_makes_them(llama, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(llama)
    rows = chats(30)
    asked = [{"role": "user", "content": row["prompt"]} for row in rows]
    whole = [
        rendered(tokenizer, [one, {"role": "assistant", "content": row["completion"]}])
        for one, row in zip(asked, rows, strict=True)
    ]
    found = count("sft", rows, {"prompt": "prompt", "completion": "completion"}, llama, tmp_path)
    assert found.rows == tuple(sorted(whole)) and found.counted == 30
    pairs = [{**row, "chosen": row["completion"], "rejected": "no"} for row in rows]
    columns = {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}
    both = count("prefer", pairs, columns, llama, tmp_path)
    assert both.rows == tuple(sorted(whole)) and len(both.means) == 2 and both.longest[0] > both.longest[1]


def test_texts_of_an_encoder_are_counted_one_by_one_and_unknown_ones_told(bert, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(bert)
    rows = [{"anchor": row["prompt"], "positive": row["completion"]} for row in chats(20)]
    found = count("embed", rows, {"anchor": "anchor", "positive": "positive"}, bert, tmp_path)
    longest = [max(len(ids) for ids in tokenizer(list(row.values()))["input_ids"]) for row in rows]
    assert found.rows == tuple(sorted(longest))
    assert found.unknown > 0.3, "Chinese is unknown to it"


def test_a_sample_says_of_what_share_is_longer_what_all_rows_say(llama, tmp_path, monkeypatch):
    rows, columns = chats(2000, seed=1), {"prompt": "prompt", "completion": "completion"}
    monkeypatch.setattr(token_count, "MOST_BYTES", 10**9)
    whole = count("sft", rows, columns, llama, tmp_path)
    monkeypatch.setattr(token_count, "MOST_BYTES", 80_000)
    token_lengths._known.clear()
    part = count("sft", rows, columns, llama, tmp_path)
    assert whole.counted == 2000 and part.counted < 600 and len(part.rows) == 2000
    for share in (0.1, 0.5, 0.9, 0.99):
        limit = whole.quantile(share)
        assert abs(part.share_longer(limit) - whole.share_longer(limit)) < 0.02


def planned(rows, folder, tmp_path, **training):
    """A plan for a model that reads longer texts than the small one's 512 tokens."""
    path = write_rows(tmp_path / "rows.jsonl", rows)
    model = replace(look_at_model(str(folder)), context=4096)
    known = Facts(facts.machine(), model, look(str(path)))
    answers = {"goal": "sft", "model": {"id": str(folder)}, "data": {"train": str(path)}, "training": training}
    return recommend(answers, known), known


def test_chinese_rows_keep_their_ends_and_what_is_cut_is_among_the_findings(llama, tmp_path):
    plan, known = planned(chats(200), llama, tmp_path)
    assert plan.run.training.max_length >= 320, "a sign is several tokens of a tokenizer that does not know it"
    assert "counted with the model's own tokenizer" in plan.reasons["training.max_length"]
    short, known = planned(chats(200), llama, tmp_path, max_length=64)
    (found,) = [each for each in too_long(short.run, known) if each.code == "truncated"]
    assert found.count > 90 and "of 200 rows" in found.message and "the end of the answer" in found.message
    dropped, known = planned(chats(200), llama, tmp_path, max_length=64, too_long="drop")
    (found,) = [each for each in too_long(dropped.run, known) if each.code == "truncated"]
    assert "are left out" in found.message


def test_what_cannot_be_counted_is_said_and_gets_room(llama, tmp_path):
    other = tiny_llama(tmp_path / "other")
    (other / "tokenizer.json").write_text("{")
    plan, _ = planned(chats(50), other, tmp_path)
    assert plan.run.training.max_length >= 300
    assert plan.reasons["training.max_length"].startswith("not counted, since the model has no tokenizer.json")


def test_a_chat_template_that_never_ends_is_ended(llama, tmp_path, monkeypatch):
    monkeypatch.setattr(chat_template, "SECONDS", 0.2)
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    template = chat_template.Renderer(endless, {})
    with pytest.raises(chat_template.RenderError, match="too long"):
        template.render([{"role": "user", "content": "hi"}])
    known = Reads("sft", (("prompt", "prompt"), ("completion", "completion")))
    data = look(str(write_rows(tmp_path / "rows.jsonl", chats(4))))
    monkeypatch.setattr(token_count, "own_template", lambda *_: endless)
    assert isinstance(token_lengths.token_lengths(known, look_at_model(str(llama)), data), EstimatedTokens)


def test_inspect_counts_with_a_model(llama, tmp_path):
    path = write_rows(tmp_path / "rows.jsonl", chats(200))
    tokens = values("inspect", path, "--model", llama, "--max-length", 64, cwd=tmp_path)["tokens"]
    assert tokens["counted"] and tokens["rows"] == 200 and tokens["max_length"] == 64
    assert tokens["median"] <= tokens["p95"] <= tokens["p99"] <= tokens["longest"]
    assert 0.8 < tokens["share_cut"] <= 1 and json.dumps(tokens["share_unknown"]) != "null"
