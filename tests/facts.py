"""Machines, models and data as facts, for tests of the guide and the estimate."""

import json
from pathlib import Path
from typing import Any

from engine.data.facts import Column, DataFacts, Lengths, Suit
from engine.machine import GIB, Gpu, Machine
from engine.model import ModelFacts, look

SHARED = Path(__file__).parents[1].parent / "shared"
TRUTH = SHARED / "truth"

LLAMA_7B = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32,
    "num_attention_heads": 32, "intermediate_size": 11008, "vocab_size": 32000, "max_position_embeddings": 4096,
    "torch_dtype": "float16",
}  # fmt: skip
QWEN_HALF_B = {
    "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_size": 896, "num_hidden_layers": 24,
    "num_attention_heads": 14, "num_key_value_heads": 2, "intermediate_size": 4864, "vocab_size": 151936,
    "max_position_embeddings": 32768, "tie_word_embeddings": True,
}  # fmt: skip
BERT_BASE = {
    "architectures": ["BertModel"], "model_type": "bert", "hidden_size": 768, "num_hidden_layers": 12,
    "num_attention_heads": 12, "intermediate_size": 3072, "vocab_size": 30522, "max_position_embeddings": 512,
    "attention_probs_dropout_prob": 0.1,
}  # fmt: skip
MINILM = {**BERT_BASE, "hidden_size": 384, "num_hidden_layers": 6, "intermediate_size": 1536}


def model(folder: Path, config: dict[str, Any], *, chat: bool = False, sentences: int = 0) -> ModelFacts:
    """Write a model folder without weights and look at it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ messages }}"} if chat else {}))
    if sentences:
        (folder / "modules.json").write_text("[]")
        (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": sentences}))
    return look(str(folder))


def machine(*gpus: Gpu, ram_gib: float = 20, bf16: bool = False, imagined: bool = False) -> Machine:
    """Return a box with these cards, two cores and so much free RAM."""
    return Machine(
        host="box", gpus=gpus, hidden_gpus=0, driver=None, cuda=None, cpu="cpu", cores=2, cpu_bf16=bf16,
        ram_total=int((ram_gib + 2) * GIB), ram_free=int(ram_gib * GIB), disks=(), notes=(), imagined=imagined,
    )  # fmt: skip


def card(name: str, total: float, free: float | None, capability: tuple[int, int], uuid: str = "GPU-1") -> Gpu:
    """Return a card; `free` None stands for one that does not tell its memory."""
    memory = (None, None) if free is None else (int(total * GIB), int(free * GIB))
    return Gpu(0, uuid, name, *memory, capability=capability)


T4 = card("Tesla T4", 15, 14.6, (7, 5), "GPU-t4")
RTX_4090 = card("NVIDIA GeForce RTX 4090", 24, 23.6, (8, 9), "GPU-4090")
A100 = card("NVIDIA A100-SXM4-80GB", 80, 79.5, (8, 0), "GPU-a100")
H200 = card("NVIDIA H200", 140, 139.5, (9, 0), "GPU-h200")


def chats(rows: int = 4812, longest: int = 9000) -> DataFacts:
    """Return rows of prompts and completions."""
    columns = (Column("prompt", "text", 0, rows, 300, 900, ()), Column("completion", "text", 0, rows, 900, 8000, ()))
    suit = Suit("sft", {"prompt": "prompt", "completion": "completion"}, "named so")
    lengths = Lengths(1200, 1100, 2800, 3000, longest)
    return DataFacts("data/support.jsonl", "jsonl", 1.0, "", rows, columns, (suit,), lengths, (), ())


def pairs(rows: int = 1772) -> DataFacts:
    """Return rows of questions and their passages."""
    columns = (Column("anchor", "text", 0, rows, 70, 300, ()), Column("positive", "text", 0, rows, 430, 1900, ()))
    suit = Suit("embed", {"anchor": "anchor", "positive": "positive"}, "a question and its passage")
    lengths = Lengths(500, 480, 900, 1200, 2000)
    return DataFacts("tatqa/pairs.jsonl", "jsonl", 1.0, "", rows, columns, (suit,), lengths, (), (), ("context_id",))


SHAPES: dict[str, dict[str, tuple[str, int]]] = {
    "sft": {"prompt": ("text", 300), "completion": ("text", 900)},
    "pretrain": {"text": ("text", 2400)},
    "classify": {"text": ("text", 160), "label": ("text", 12)},
    "embed": {"anchor": ("text", 70), "positive": ("text", 430)},
    "prefer": {"prompt": ("text", 300), "chosen": ("text", 900), "rejected": ("text", 800)},
    "reward": {"prompt": ("text", 300), "chosen": ("text", 900), "rejected": ("text", 800)},
    "reinforce": {"prompt": ("text", 300), "answer": ("text", 20)},
    "distill": {"prompt": ("text", 300), "completion": ("text", 900)},
    "baseline": {"prompt": ("text", 300), "completion": ("text", 900)},
}
"""Columns of the rows that a goal usually has, with the mean of their characters."""
ASKED: dict[str, dict[str, Any]] = {
    "reinforce": {"objective": {"reward": {"function": "builtin:contains"}}},
    "distill": {"objective": {"teacher": "a/teacher"}},
}
"""What a goal needs to be told beside model and data."""


def rows_for(goal: str, rows: int = 4812, *, classes: int = 8, also: tuple[str, ...] = (), like: str = "") -> DataFacts:
    """Return rows of the form that a goal, or the one that it is `like`, has; `also` are further goals that they suit."""
    shape = SHAPES[like or goal]
    distinct = {name: classes if name == "label" else min(rows, 1000) for name in shape}
    columns = tuple(Column(name, kind, 0, distinct[name], mean, 9 * mean, ()) for name, (kind, mean) in shape.items())
    roles = {name: name for name in shape}
    whole = sum(mean for _, mean in shape.values())
    lengths = Lengths(whole, whole, 2 * whole, 3 * whole, 9 * whole)
    suits = tuple(Suit(each, roles, "named so") for each in (goal, *also))
    return DataFacts(f"data/{goal}.jsonl", "jsonl", 1.0, "", rows, columns, suits, lengths, (), ())
