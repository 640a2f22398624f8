"""The edges of the libraries: where a script asks for weights, rows or a card, it gets shapes."""

import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn
from transformers import AutoConfig, PreTrainedTokenizerFast, masking_utils

from engine.worker.trace.rows import outside

LIKELIHOODS = ("ref_chosen_logps", "ref_rejected_logps", "ref_logps", "ref_KL_logps")
AUTO = (
    "AutoModel",
    "AutoModelForCausalLM",
    "AutoModelForSeq2SeqLM",
    "AutoModelForSequenceClassification",
)


def apply(module: nn.Module, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> nn.Module:
    """Move a module; torch's own way swaps tensors, which those without numbers refuse."""
    for child in module.children() if recurse else ():
        child._apply(fn)  # type: ignore[no-untyped-call]
    for name, held in module._parameters.items():
        if held is not None:
            with torch.no_grad():
                moved = fn(held)
            if moved is not held:
                module._parameters[name] = nn.Parameter(moved, held.requires_grad)
    for name, buffer in module._buffers.items():
        if buffer is not None:
            module._buffers[name] = fn(buffer)
    return module


def from_shapes(auto: Any) -> Callable[..., Any]:
    """Return what stands in for an auto class's `from_pretrained`: the same model, from its config alone."""

    def load(name: str, **given: Any) -> Any:
        asked = {"revision": given.get("revision"), "trust_remote_code": given.get("trust_remote_code", False)}
        config = deepcopy(given.get("config")) or AutoConfig.from_pretrained(name, **asked)
        for setting in ("num_labels", "id2label", "label2id", "problem_type", *getattr(config, "to_dict", dict)()):
            if setting in given and setting not in ("dtype", "attn_implementation"):
                setattr(config, setting, given[setting])
        config.quantization_config = None
        del config.quantization_config
        wanted = given.get("attn_implementation", "sdpa")
        kernel = "sdpa" if wanted == "flash_attention_2" else wanted
        model = build(auto, config, kernel, given.get("dtype"), bool(given.get("trust_remote_code", False)))
        for part in model.modules():
            if wanted != kernel and getattr(getattr(part, "config", None), "_attn_implementation", "") == kernel:
                part.config._attn_implementation_internal = wanted
        if given.get("quantization_config") is not None:
            from engine.worker.trace.packed import pack

            pack(model, given["quantization_config"])
        return model.eval()

    return load


def build(auto: Any, config: Any, kernel: str, dtype: Any, trust: bool) -> Any:
    """Return the model; one that can't do the kernel gets eager attention, as the library falls back too."""
    try:
        return auto.from_config(config, dtype=dtype, attn_implementation=kernel, trust_remote_code=trust)
    except ValueError as refused:
        if "attn_implementation" not in str(refused):
            raise
        return auto.from_config(config, dtype=dtype, attn_implementation="eager", trust_remote_code=trust)


def stand_in_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer that makes one token of every word."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {"<unk>": 0, "<pad>": 1, "</s>": 2, "<s>": 3, "<mask>": 4}
    one = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    one.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=one,
        unk_token="<unk>",
        pad_token="<pad>",
        eos_token="</s>",
        bos_token="<s>",
        mask_token="<mask>",
        cls_token="<s>",
        sep_token="</s>",
    )


def has_tokenizer(folder: str) -> bool:
    """Return whether a model's own tokenizer is at hand; a folder of a config alone has none."""
    place = Path(folder)
    return (
        not place.is_dir() or any(place.glob("tokenizer*")) or any(place.glob("vocab*")) or any(place.glob("*.model"))
    )


def without_reference(_: Any, rows: Any, *__: Any) -> Any:
    """Return rows with the likelihoods that a reference would give: they are measured before the training begins."""
    return outside(lambda: rows.map(lambda _: dict.fromkeys(LIKELIHOODS, 0.0)))


def stand_in_references() -> None:
    """Leave out what trainers of preferences measure once; it needs less than the training does."""
    for name, module in list(sys.modules.items()):
        if name.startswith("trl.") and hasattr(module, "hash_module"):
            vars(module)["hash_module"] = lambda _: ""
            for kind in vars(module).values():
                if isinstance(kind, type) and hasattr(kind, "_precompute_ref_logps"):
                    kind._precompute_ref_logps = without_reference


def stand_in(base: str) -> bool:
    """Put shapes in the place of weights; return whether the texts are tokens of the model's own."""
    nn.Module._apply = apply  # type: ignore[assignment]
    masking_utils.is_tracing = lambda *_: False  # the ledger knows whether a mask is all ones
    for name in AUTO:
        auto = getattr(transformers, name)
        auto.from_pretrained = staticmethod(from_shapes(auto))
    own = has_tokenizer(base)
    if not own:
        transformers.AutoTokenizer.from_pretrained = staticmethod(lambda *_, **__: stand_in_tokenizer())
    return own
