"""What a person types for a path may be no path at all: that is a sentence, and never an exception."""

import pytest

from engine import data, model
from engine.problem import Problem
from engine.typed_path import typed_path
from tui.widgets.entry import PathSuggester, clean_path, completions

ODD = ["~nobody-here/x.jsonl", "a" * 300, "\\x" * 300, "x/" * 3000, "nul\x00inside"]


@pytest.mark.parametrize("name", ODD)
def test_an_odd_name_is_a_sentence(name: str) -> None:
    for look in (lambda: data.look(name), lambda: model.look(name)):
        with pytest.raises(Problem) as caught:
            look()
        assert len(caught.value.sentence) < 300


@pytest.mark.parametrize("name", ODD)
def test_an_odd_name_is_completed_by_nothing(name: str) -> None:
    assert list(completions(name)) == []
    assert not PathSuggester().is_whole(name)
    assert clean_path(name)


def test_a_path_is_a_path(tmp_path) -> None:
    assert typed_path(str(tmp_path)) == tmp_path
    assert not typed_path("~/no such file").exists()
