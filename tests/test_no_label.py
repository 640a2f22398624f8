"""Which labels stand for none, and which are classes however odd they look."""

import pytest

from engine.data.facts import Suit
from engine.data.labels import no_labels

CASES = [
    (["0", "1", "2", "-1"], "label", ("-1",)),
    ([0, 1, -1.0], "label", ("-1.0",)),
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
