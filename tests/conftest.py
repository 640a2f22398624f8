"""What all tests share."""

import pytest

from tests import tiny


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
