"""The model's own code as it is loaded: what was changed after consent, or was never agreed to, is not executed."""

import json
from pathlib import Path

import pytest
import transformers
from transformers import dynamic_module_utils as library

from engine.code import Code, CodeFile
from engine.consent import MODEL_CODE, Agreed
from engine.worker.model_code import VARIABLE, guard_model_code
from tests.tiny import tiny_llama

CODE = """open({place!r}, "a").close()
from transformers import LlamaConfig

from .own_helper import NAME


class OwnConfig(LlamaConfig):
    model_type = NAME
"""


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model with code in two files, and a cache of its own for them."""
    folder = tiny_llama(tmp_path / "own")
    config = json.loads((folder / "config.json").read_text())
    config |= {"auto_map": {"AutoConfig": "own_config.OwnConfig"}, "model_type": "own"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own_config.py").write_text(CODE.format(place=str(tmp_path / "ran")))
    (folder / "own_helper.py").write_text('NAME = "own"\n')
    monkeypatch.setattr(library, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr(library, "get_class_in_module", library.get_class_in_module)
    return folder


def agree(folder: Path, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let a worker execute these files as they are now."""
    files = tuple(CodeFile(name, (folder / name).read_bytes()) for name in names)
    code = (Code("model", str(folder), files),) if files else ()
    assert VARIABLE == MODEL_CODE
    monkeypatch.setenv(VARIABLE, Agreed(None, code).environment(folder)[MODEL_CODE])
    guard_model_code()


def load(folder: Path) -> object:
    return transformers.AutoConfig.from_pretrained(str(folder), trust_remote_code=True)


def test_code_that_was_agreed_to_is_loaded(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(model, monkeypatch, "own_config.py", "own_helper.py")
    assert type(load(model)).__name__ == "OwnConfig"
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("changed", ["own_config.py", "own_helper.py"])
def test_code_that_is_changed_between_consent_and_loading_is_not_executed(
    changed: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(model, monkeypatch, "own_config.py", "own_helper.py")
    (model / changed).write_text((model / changed).read_text() + "\n# another word\n")
    with pytest.raises(ValueError, match=rf"the model's code {changed} is not what you agreed to"):
        load(model)
    assert not (tmp_path / "ran").exists()


def test_a_script_that_trusts_code_runs_none_where_its_run_asks_for_none(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(model, monkeypatch)
    with pytest.raises(ValueError, match="not what you agreed to"):
        load(model)
    assert not (tmp_path / "ran").exists()


def test_pickled_weights_are_not_unpickled(tmp_path: Path) -> None:
    import pickle

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return open, (str(tmp_path / "ran"), "w")

    folder = tiny_llama(tmp_path / "pickled")
    for file in folder.glob("*.safetensors"):
        file.unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": Evil()}))
    with pytest.raises(Exception, match=r"(?i)weights|unpickl|file"):
        transformers.AutoModelForCausalLM.from_pretrained(str(folder))
    assert not (tmp_path / "ran").exists()
