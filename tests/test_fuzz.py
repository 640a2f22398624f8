"""Whatever a file holds, a look at it ends with rows or with a sentence, and a script reads what the look saw."""

import os
import random
from pathlib import Path

import pytest

from tests.fuzzing import SUFFIXES, check_look, content, spoiled

hypothesis = pytest.importorskip("hypothesis")
MANY = int(os.environ.get("TUNEWRIGHT_FUZZ", "300"))
"""Files of a run; by hand for an hour: benchmarks/fuzz_reader.py."""


@hypothesis.settings(max_examples=MANY, deadline=None, database=None, derandomize="TUNEWRIGHT_FUZZ" not in os.environ)
@hypothesis.given(hypothesis.strategies.integers(0, 2**64), hypothesis.strategies.binary(max_size=200))
def test_no_file_is_too_odd(seed: int, raw: bytes) -> None:
    chance = random.Random(seed)
    path = Path(os.environ["PYTEST_FUZZ_FOLDER"]) / f"file{chance.choice(SUFFIXES)}"
    path.write_bytes(raw if chance.random() < 0.1 else spoiled(content(chance), chance))
    check_look(path)


@pytest.fixture(autouse=True, scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["PYTEST_FUZZ_FOLDER"] = str(tmp_path_factory.mktemp("fuzz"))
