"""Which labels stand for none, and which are classes however odd they look."""

import pytest

from engine.data.audit import Way, audit
from engine.data.facts import Suit
from engine.data.labels import no_labels
from tests.tiny import write_rows

CASES = [
    (["0", "1", "2", "-1"], "label", ("-1",)),
    ([0, 1, 2, -1.0], "label", ("-1.0",)),
    ([0, 1, -1], "label", ()),
    ([0, 1, 2, -100, "None"], "label", ("-100", "None")),
    (["spam", "ham", "N/A", "unlabeled"], "label", ("N/A", "unlabeled")),
    (["joy", "anger", "none"], "label", ()),
    ([-1, 0, 1, -2], "label", ()),
    ([-1, 1], "label", ()),
    ([4.2, 0.0, 3.1, -1.0], "score", ("-1.0",)),
    ([0.4, 0.0, 0.9, -1.0], "score", ()),
    ([0.5, -0.3, -1.0, 2.5], "score", ()),
    ([None, 0, 1], "label", ()),
]


@pytest.mark.parametrize(("values", "role", "marks"), CASES, ids=str)
def test_only_plain_marks_are_taken_for_none(values, role, marks):
    suit = Suit("embed" if role == "score" else "classify", {"text": "text", role: "value"}, "")
    assert no_labels([suit], [{"text": "a", "value": value} for value in values]) == marks


@pytest.mark.parametrize(("labels", "told"), [([-1, 0, 1], True), ([0, 1, 2], False), ([-1, 0, 1, 2], False)])
def test_a_class_that_may_mean_no_label_is_told(tmp_path, labels, told):
    rows = [{"text": f"words {n}", "label": labels[n % len(labels)]} for n in range(12)]
    way = Way(str(write_rows(tmp_path / "rows.jsonl", rows)), "classify", {"text": "text", "label": "label"})
    assert any("learned as a class of its own" in each.message for each in audit(way)) == told
