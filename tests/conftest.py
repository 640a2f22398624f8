"""What all tests share."""

import os

import pytest

from engine.recipes.parts import output
from tests import loaded, tiny


@pytest.fixture(scope="session", autouse=True)
def parts_write_elsewhere(tmp_path_factory):
    """Parts that a test calls by themselves write beside no source: a script's folder is its own, the parts' is ours."""
    output.OUTPUT = tmp_path_factory.mktemp("parts") / "output"


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory):
    """What the tests agree to, and the runs that they make, are written into no developer's home."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session")
def llama(tmp_path_factory):
    """A small real language model."""
    return tiny.tiny_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def bert(tmp_path_factory):
    """A small real encoder."""
    return tiny.tiny_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="session")
def t5(tmp_path_factory):
    """A small real encoder-decoder model."""
    return tiny.tiny_t5(tmp_path_factory.mktemp("t5"))


@pytest.fixture
def loaded_python(monkeypatch):
    """Workers of this test start in a Python that has the libraries loaded already."""
    monkeypatch.setenv("TUNEWRIGHT_PYTHON", loaded.python())
