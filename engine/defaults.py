"""From facts to field values: every default of a run, each with the reason and the number behind it."""

import re
from collections.abc import Callable
from math import inf
from pathlib import Path

from engine import words
from engine.default_rows import fill_rows
from engine.draft import Draft, Facts
from engine.goals.prefer import alone
from engine.methods import Qlora
from engine.objectives import baseline, classify, distill, embed, prefer, pretrain, reinforce, reward, sft
from engine.problem import Problem
from engine.shapes import EAGER_ONLY
from engine.step import targeted
from engine.tables import table
from engine.token_lengths import AnyTokens, CountedTokens, EstimatedTokens

MEDIUM = 10_000_000
"""Parameters from which a CPU that has bf16 saves time with it; a smaller model waits for other things."""
LARGE = 1_000_000_000
"""Parameters from which a CPU that has bf16 rather halves the memory than keeps fp32."""
SHARE_OF_LAYERS = 0.25
"""Share of the layers, from the top, that is enough for nine tenths of full tuning's gain (Lee et al. 2019)."""
SMALLEST_RANK = 4
"""Rank that even the narrowest model gets; a quarter of the width is the most that makes sense."""
LOW_RANK = ("lora", "qlora", "lora8")
TEMPLATE = 16
"""Tokens that a chat template puts around a row."""
OBJECTIVES: dict[str, Callable[[Draft, Facts], None]] = {
    "sft": sft.fill,
    "pretrain": pretrain.fill,
    "classify": classify.fill,
    "embed": embed.fill,
    "prefer": prefer.fill,
    "reward": reward.fill,
    "reinforce": reinforce.fill,
    "distill": distill.fill,
    "baseline": baseline.fill,
}


def fill(draft: Draft, facts: Facts) -> None:
    """Fill in every field but those that depend on memory and on the length of the run."""
    for part in (_model, _launch, _numbers, _method, fill_rows, _objective, _length, _pace, _rest):
        part(draft, facts)


def _model(draft: Draft, facts: Facts) -> None:
    kind = facts.model.kind if facts.model else "unknown"
    draft.put("model.kind", "causal" if kind == "unknown" else kind, "model_kind")
    weights = "adapter" if facts.model and facts.model.adapter else "whole"
    given = draft.get("model.weights", weights)
    if facts.model and given != weights:
        found = "an adapter" if facts.model.adapter else "whole weights"
        what = f"model.weights says {given}, and the folder holds {found}"
        raise Problem(what, where=facts.model.id, advice="set model.weights to auto", code="weights")
    draft.put("model.weights", weights, "weights_adapter" if weights == "adapter" else "weights_whole")


def _launch(draft: Draft, facts: Facts) -> None:
    machine, card = facts.machine, draft.card(facts)
    if draft.on_cpu(facts):
        draft.put("launch.device", "cpu", "device_cpu")
        draft.put("launch.devices", (), "device_cpu")
        draft.put("training.threads", machine.cores, "threads_cpu", cores=machine.cores)
        return
    if card is None:
        draft.warn("no_gpu")
    reason = "device_imagined" if machine.imagined else "device_gpu"
    draft.put("launch.device", "cuda", reason, gpu=card.name if card else "the GPU")
    if machine.imagined or card is None:
        draft.put("launch.devices", (), "devices_imagined")
    else:
        draft.put("launch.devices", (card.uuid,), "devices", uuid=card.uuid)
    draft.put("training.threads", 0, "threads_gpu")


def _numbers(draft: Draft, facts: Facts) -> None:
    _precision(draft, facts)
    precision: str = draft.get("training.precision")
    parameters = (facts.model.parameters if facts.model else None) or 0
    if draft.on_cpu(facts) and precision == "bf16" and parameters <= LARGE:
        draft.put("model.dtype", "fp32", "dtype_cpu")
    if draft.moves_base:
        plain = precision == "fp32" or draft.on_cpu(facts)
        reason = "dtype_full_plain" if plain else "dtype_full"
        draft.put("model.dtype", precision if plain else "fp32", reason, precision=precision)
    elif draft.kind not in ("qlora", "lora8"):
        reason = "dtype_frozen" if draft.has("training.learning_rate") else "dtype_asked"
        draft.put("model.dtype", precision, reason, dtype=precision)
    else:
        draft.put("model.dtype", precision, "dtype_packed", dtype=precision, bits=4 if draft.kind == "qlora" else 8)
    family = facts.model.architecture if facts.model else ""
    if draft.has("training.loss_kernel"):
        _loss_kernel(draft, facts)
    if family in EAGER_ONLY:
        draft.put("model.attention", "eager", "attention_eager", architecture=family)
    draft.put("model.attention", "sdpa", "attention_sdpa")


def _loss_kernel(draft: Draft, facts: Facts) -> None:
    if draft.get("training.loss_kernel") == "liger" and draft.on_cpu(facts):
        what, advice = "Liger's layers run on a GPU only, and this run computes on the CPU", "set it to chunked"
        raise Problem(what, where="training.loss_kernel", advice=advice, code="liger")
    whole = facts.model is not None and facts.model.kind == "seq2seq"
    draft.put("training.loss_kernel", "plain" if whole else "chunked", "loss_plain" if whole else "loss_chunked")


def _precision(draft: Draft, facts: Facts) -> None:
    card = draft.card(facts)
    parameters = (facts.model.parameters if facts.model else None) or 0
    if draft.on_cpu(facts):
        if facts.machine.cpu_bf16 and parameters > MEDIUM:
            draft.put("training.precision", "bf16", "bf16_cpu")
        draft.put("training.precision", "fp32", "fp32_cpu")
    elif card is not None and card.bf16:
        draft.put("training.precision", "bf16", "bf16", gpu=card.name)
    else:
        draft.put("training.precision", "fp16", "fp16", gpu=card.name if card else "this GPU")
    if card is not None and not card.bf16 and draft.get("training.precision") == "bf16":
        draft.warn("bf16_missing", gpu=card.name)


def _method(draft: Draft, facts: Facts) -> None:
    if draft.kind == "layers" and facts.model is not None:
        layers = facts.model.decoder_layers or facts.model.layers  # of an encoder-decoder those of the decoder train
        last = max(1, round(layers * SHARE_OF_LAYERS))
        draft.put("method.last", last, "last_quarter", last=last, layers=layers)
    rules = table("guide")["methods"][draft.kind]
    for name, default in rules.get("fields", {}).items():
        draft.put(f"method.{name}", default, rules.get("why", {}).get(name, name))
    if rules.get("checkpointing") is False:
        draft.put("training.gradient_checkpointing", False, "checkpointing_lost")
    if draft.kind in LOW_RANK:
        _low_rank(draft, facts)


def _low_rank(draft: Draft, facts: Facts) -> None:
    usual, model = draft.rules["adapter"], facts.model
    most = min(usual["rank"], max(SMALLEST_RANK, model.hidden // 4)) if model else usual["rank"]
    rank: int = draft.get("method.rank", most)
    experts = model is not None and model.experts  # no linear layers, and the routers beside them should stay
    targets = draft.get("method.targets", "attention" if experts else "all-linear")
    if model is not None and model.parameters:
        trainable = rank * (model.layers + model.decoder_layers) * sum(map(sum, targeted(model, targets)))
        numbers = {"trainable": words.count(trainable), "share": words.percent(trainable / model.parameters)}
        draft.put("method.rank", rank, "rank", rank=rank, **numbers)
    draft.put("method.rank", rank, "rank_unknown")
    alpha = usual["alpha"] * most // usual["rank"]
    draft.put("method.alpha", alpha, "alpha", scale=f"{alpha / rank:g}")
    if draft.goal == "embed" and draft.on_cpu(facts):
        draft.put("method.dropout", 0.0, "dropout_cpu")
    draft.put("method.dropout", usual["dropout"], "dropout")
    draft.put("method.targets", targets, "targets_experts" if experts else "targets")
    draft.put("method.adapter_dtype", "fp32", "adapter_dtype")
    if draft.kind == "qlora":
        draft.put("method.quant_type", "nf4", "quant_type")
        draft.put("method.double_quant", True, "double_quant")
        wide = _widens(draft)
        draft.put("method.upcast", wide, "upcast" if wide else "upcast_not")


def _widens(draft: Draft) -> bool:
    """Say whether 32-bit adapters beside packed weights were asked for, which in PEFT's recipe widens the rest as well.

    A method that is written out whole but for this field comes from a run that is older than it, and keeps its meaning.
    """
    older = all(f"method.{name}" in draft.answers for name in Qlora.model_fields if name not in ("kind", "upcast"))
    asked = "method.adapter_dtype" in draft.answers and draft.get("method.adapter_dtype") == "fp32"
    return asked and not older and draft.get("model.dtype") != "fp32"


def _objective(draft: Draft, facts: Facts) -> None:
    OBJECTIVES[draft.goal](draft, facts)


def _length(draft: Draft, facts: Facts) -> None:
    model, data, rules = facts.model, facts.data, draft.rules
    virtual: int = draft.get("method.tokens", 0)
    context = ((model.context if model else 0) or inf) - virtual
    sentence = (model.sentence_length if model and draft.goal == "embed" else 0) or inf
    limit = min(context, sentence, rules["longest"])
    wanted, reason, numbers = rules["max_length"], "length_default", {}
    if data is not None:
        tokens = draft.tokens(model, data)
        wanted = round_up(_longest_wanted(tokens, rules["max_length"]) + _written(draft))
        reason = "length_data" if isinstance(tokens, EstimatedTokens) else "length_counted"
        numbers = {"why": tokens.why, "p99": f"{tokens.lengths.p99:,}"} if isinstance(tokens, EstimatedTokens) else {}
        numbers["tokens"] = f"{tokens.p99:,}"
    if wanted <= limit:
        draft.put("training.max_length", wanted, reason, **numbers)
    reason = {context: "length_context", sentence: "length_sentence"}.get(limit, "length_cap")
    name = words.model(model.id) if model else ""
    draft.put("training.max_length", int(limit), reason, length=f"{int(limit):,}", model=name)


def _longest_wanted(tokens: AnyTokens, usual: int) -> int:
    """Return the tokens that 99 of 100 rows need; where they were not counted, rather the usual length than too few."""
    if isinstance(tokens, CountedTokens):
        return tokens.p99
    letters = tokens.lengths.p99  # a character may be a token of its own, as in Chinese
    return max(tokens.p99, min(letters, usual - TEMPLATE)) + TEMPLATE


def _written(draft: Draft) -> int:
    """Return the tokens of answers that the model writes itself and that need room beside the prompt."""
    if draft.goal == "reinforce":
        return int(draft.get("objective.max_new_tokens", 0))
    if draft.goal == "prefer" and alone(draft.get("data.columns", {})):
        return max(int(draft.get("data.answer_tokens", 0)), int(draft.get("objective.max_new_tokens", 0)))
    return 0


def round_up(tokens: float) -> int:
    """Return the next multiple of 64, which keeps a card's matrix units full."""
    return max(64, -(-int(tokens) // 64) * 64)


def _pace(draft: Draft, facts: Facts) -> None:
    rules, data, moves = draft.rules, facts.data, draft.moves_base
    if data is not None:
        epochs = next(float(epochs) for most, epochs in rules["epochs"] if data.rows <= most)
        draft.put("training.epochs", epochs, "epochs", rows=f"{data.rows:,}")
    draft.put("training.epochs", 3.0, "epochs_unknown")
    draft.put("training.max_steps", 0, "max_steps")
    rates = rules["learning_rate"]
    reason = rules.get("rate_why", {}).get(draft.kind) or table("guide")["methods"][draft.kind].get("rate", "rate_lora")
    draft.put("training.learning_rate", rates[draft.kind], reason, full=words.rate(rates.get("full", 2e-5)))
    draft.put("training.schedule", "cosine", "schedule")
    draft.put("training.warmup", 0.1, "warmup")
    draft.put("training.weight_decay", 0.01 if moves else 0.0, "decay_full" if moves else "decay_lora")
    draft.put("training.max_grad_norm", 1.0, "max_grad_norm")
    if draft.kind == "qlora" and not draft.on_cpu(facts):
        draft.put("training.optimizer", "paged_adamw_8bit", "optimizer_paged")
    draft.put("training.optimizer", "adamw", "optimizer")
    draft.put("training.seed", 42, "seed")
    draft.put("training.too_long", "truncate", "too_long")
    draft.put("training.keep_checkpoints", 2, "keep")
    draft.put("training.on_out_of_memory", "stop", "full_device")


def _rest(draft: Draft, _: Facts) -> None:
    draft.put("model.origin", "", "no_origin")
    draft.put("model.revision", "main", "revision")
    draft.put("model.trust_remote_code", False, "trust")
    draft.put("tracking", (), "tracking")
    train = draft.get("data.train")
    draft.put("output.name", run_name(train if isinstance(train, str) else "tasks", draft.kind), "name")


def run_name(data: str, method: str) -> str:
    """Return a name such as support-qlora from the data's file (or its folder, where the file says nothing)."""
    path = Path(data)
    stem = path.stem if path.stem.lower() not in ("train", "data", "rows", "dataset", "") else path.parent.name
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:60]
    return f"{clean or 'run'}-{method}"
