"""Small real models and small real data, made on the spot."""

import json
from pathlib import Path
from typing import Any

COLOURS = ["red", "green", "blue", "white", "black", "brown", "grey", "pink"]
THINGS = ["door", "boat", "lamp", "coat", "bird", "stone", "house", "river", "chair", "cloud"]


def pairs(count: int = 80) -> list[dict[str, str]]:
    """Questions and passages, in groups of ten that share a document."""
    return [
        {
            "question": f"what colour has {THINGS[n % 10]} number {n}",
            "passage": f"the {THINGS[n % 10]} with number {n} is {COLOURS[n % 8]}",
            "document": f"page {n // 10}",
        }
        for n in range(count)
    ]


def talks(count: int = 48) -> list[dict[str, str]]:
    """Prompts and completions."""
    return [
        {"prompt": f"colour of {THINGS[n % 10]} {n}?", "completion": f"it is {COLOURS[n % 8]}."} for n in range(count)
    ]


KINDS = {"home": {0, 2, 3, 6, 8}, "nature": {4, 5, 7, 9}, "travel": {1}}
"""Classes of the things above; one of them is rare."""


def labelled(count: int = 60) -> list[dict[str, Any]]:
    """Texts and the class of each."""
    kind = {thing: name for name, things in KINDS.items() for thing in things}
    return [
        {"text": f"the {THINGS[n % 10]} with number {n} is {COLOURS[n % 8]}", "label": kind[n % 10]}
        for n in range(count)
    ]


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def tiny_llama(folder: Path, width: int = 64) -> Path:
    """Make a small language model and its tokenizer."""
    from engine.worker.tiny_model import make_language_model

    make_language_model([text for row in talks() for text in row.values()], folder, width=width, vocabulary=400)
    return folder


def tiny_bert(folder: Path, width: int = 64) -> Path:
    """Make a small encoder and its tokenizer."""
    from engine.worker.tiny_model import make_encoder

    make_encoder([text for row in pairs() for text in row.values()], folder, width=width, vocabulary=400)
    return folder


def tiny_t5(folder: Path, width: int = 64) -> Path:
    """Make a small encoder-decoder model in the form of FLAN-T5, and its tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator([text for row in talks() for text in row.values()], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=512
    )
    config = T5Config(
        vocab_size=len(fast),
        d_model=width,
        d_kv=width // 4,
        d_ff=2 * width,
        num_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        decoder_start_token_id=0,
        initializer_factor=0.1,
    )
    torch.manual_seed(0)
    T5ForConditionalGeneration(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder
