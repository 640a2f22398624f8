"""The load that a run puts on a device: its largest step, from the run, the model's shape and a look at the data."""

from typing import Any

from engine.beside import beside
from engine.config import Run
from engine.data.facts import DataFacts
from engine.families import ungrouped
from engine.goals.baseline import BaselineRun
from engine.goals.classify import ClassifyRun
from engine.goals.distill import DistillRun
from engine.goals.embed import EmbedRun
from engine.goals.prefer import PreferRun, alone
from engine.goals.pretrain import PretrainRun
from engine.goals.reinforce import ReinforceRun
from engine.goals.sft import SftRun
from engine.lengths import texts
from engine.methods import Bottleneck, Head, Ia3, Layers, LowRank, Prefix, Prompt, PTuning, Qlora
from engine.model import ModelFacts
from engine.section import Section
from engine.shapes import attention_weights, count
from engine.step import Kernel, Step, targeted
from engine.token_lengths import of_run

WIDTH = {"fp32": 4, "bf16": 2, "fp16": 2, "auto": 4}
BITS = {"qlora": 4, "lora8": 8}
KERNELS: dict[str, Kernel] = {"embed": "ranking", "classify": "pooled", "reward": "pooled", "reinforce": "policy"}
"""What stands at the end of the model, where it is not TRL's head over the vocabulary in tiles."""
WHOLE_LOGITS = ("orpo", "cpo", "simpo", "kto", "apo_zero_unpaired")
"""Preference losses whose trainers make the logits of whole batches at once."""
REBUILDING = "DenoisingAutoEncoderLoss"
GUARDS = {"ewc": 16, "si": 16, "distill": 4}
"""Bytes per trained number: the start, and for EWC and SI its importance and the two numbers that the penalty keeps."""
SPOKEN = ("completion", "output", "chosen", "rejected", "ranked")
"""Roles that are learned; the others are given."""


def one_step(run: Run, model: ModelFacts, data: DataFacts | None) -> Step:
    """Return the largest step of a run: every row as long as the longest that is not cut."""
    method, training = run.method, run.training
    precision, storage = WIDTH[training.precision], WIDTH[run.model.dtype]
    packed = bool(getattr(training, "packing", False))
    length, tokens = _tokens(run, model, data, packed=packed)
    compute = min(storage, precision)
    own, own_kept = _own(run, model)
    kernel = _kernel(run, model)
    return Step(
        shape=model,
        parameters=model.parameters or count(model, model.architecture),
        tokens=tokens,
        length=length,
        rows=training.batch,
        storage=storage,
        compute=compute,
        full=method.kind in ("full", "layers"),
        bits=BITS.get(method.kind, 16),
        **_low_rank(method),
        optimizer=training.optimizer,
        accumulate=training.accumulate,
        checkpointing=training.gradient_checkpointing,
        eager=run.model.attention == "eager" or (run.model.attention != "flash" and ungrouped(model)),
        padded=not packed and run.model.attention != "flash" and training.batch > 1,
        kernel=kernel,
        part=run.objective.mini_batch if isinstance(run, EmbedRun) and run.objective.rule.cached else None,
        told=_told(run, model, data) if kernel in ("plain", "policy", "distance") else None,
        amp=precision < 4,
        gpu=run.launch.device != "cpu",
        top=method.last if isinstance(method, Layers) else None,
        own=own,
        own_kept=own_kept,
        trains=method.kind not in ("none", "head"),
        guard=GUARDS.get(run.retention.kind, 0) if isinstance(run, (SftRun, PretrainRun, ClassifyRun)) else 0,
        beside=beside(run, model, storage),
        cache=_cache(run, model, length, compute),
    )


def _low_rank(method: Section) -> dict[str, Any]:
    """Return what a step has to know of low-rank adapters; nothing where there are none."""
    if not isinstance(method, LowRank):
        return {}
    return {
        "rank": method.rank,
        "targets": method.targets,
        "adapter": WIDTH[method.adapter_dtype],
        "adapter_dropout": method.dropout,
        "double_quant": method.double_quant if isinstance(method, Qlora) else True,
        "upcast": method.upcast if isinstance(method, Qlora) else False,
    }


def _kernel(run: Run, model: ModelFacts) -> Kernel:
    if isinstance(run, PreferRun) and run.objective.loss in WHOLE_LOGITS:
        return "plain"
    if isinstance(run, EmbedRun) and run.objective.loss == REBUILDING:
        return "plain"
    if isinstance(run, DistillRun):
        return "plain" if run.objective.imitate == "text" else "distance"
    if isinstance(run, SftRun | PretrainRun):
        return "plain" if model.kind == "seq2seq" else run.training.loss_kernel
    return KERNELS.get(run.goal, "chunked")


def _told(run: Run, model: ModelFacts, data: DataFacts | None) -> int | None:
    """Return the tokens of a batch whose logits are made: of answers alone where only they count, None for all."""
    if isinstance(run, SftRun | PretrainRun) and model.kind != "seq2seq":
        return None
    rows, limit = run.training.batch, run.training.max_length
    if isinstance(run, ReinforceRun):
        return rows * run.objective.max_new_tokens
    spoken = [[run.data.columns[role]] for role in SPOKEN if role in run.data.columns]
    if not spoken or isinstance(run, PreferRun):
        return None
    return rows * min(limit, of_run(run, model, data).of_columns(spoken) if data else limit)


def _tokens(run: Run, model: ModelFacts, data: DataFacts | None, *, packed: bool) -> tuple[int, int]:
    """Return the longest text and all padded tokens of one batch; a pair of texts is two of them."""
    limit, rows = run.training.max_length, run.training.batch
    groups = texts(run.goal, run.data.columns)
    lengths = [limit] * len(groups) if data is None or packed else list(of_run(run, model, data).longest)
    if run.goal in PAIRED and len(lengths) == 1 and not {"label", "score"} & set(run.data.columns):
        lengths *= 2
    virtual = run.method.tokens if isinstance(run.method, (Prompt, PTuning)) else 0
    written = run.objective.max_new_tokens if isinstance(run, ReinforceRun) else 0
    if isinstance(run, PreferRun) and alone(run.data.columns):
        written = run.data.answer_tokens
    cut = [min(limit, length + written) + virtual for length in lengths]
    if isinstance(run, EmbedRun) and run.objective.rule.cached:
        return max(cut), min(rows, run.objective.mini_batch) * max(cut)  # one column of a part of the batch at a time
    return max(cut), rows * sum(cut)


PAIRED = ("embed", "prefer", "reward")
"""Goals that read two texts of every row, also where its columns tell of one or of none."""


def _own(run: Run, model: ModelFacts) -> tuple[int, float]:
    """Return the numbers that a method other than LoRA trains, and the bytes per token and block kept for that.

    Counted as PEFT makes them: IA3 a factor for each key, value and number that leaves the MLP; a prefix keys and
    values of every layer; a prompt vectors as wide as the model; p-tuning besides them a network of three.
    Bottlenecks are two thin matrices after attention and MLP, and keep their input and their middle. All are computed
    in 32 bit, so that is how their inputs are kept. Against measured runs of PEFT: IA3 and a prompt and a prefix of
    Llama 3.2 3B come out 0 to 3 % low; p-tuning, bottlenecks and last layers are counted and not yet measured.
    """
    method, layers, hidden = run.method, model.layers + model.decoder_layers, model.hidden
    if isinstance(run, EmbedRun) and run.objective.loss == REBUILDING:
        return layers * attention_weights(model), 0.0  # the decoder's cross-attention; the rest is the encoder's own
    match method:
        case Ia3(targets="default"):
            each = 2 * model.key + model.intermediate
            return layers * each, 4.0 * each
        case Ia3():
            out = (model.intermediate, hidden)  # of the way out of the MLP it is the input that is scaled
            each = sum(sizes[0] if sizes == out else sizes[1] for sizes in targeted(model, method.targets))
            return layers * each, 4.0 * each
        case Prefix():
            repeated = 2 * 2 * model.query * method.tokens / max(1, run.training.max_length)  # beside the text's own
            return method.tokens * layers * 2 * model.key, repeated
        case Prompt():
            return method.tokens * hidden, 0.0
        case PTuning():
            inner = min(1024, hidden)
            return method.tokens * hidden + 2 * hidden * inner + inner * inner + 2 * inner + hidden, 0.0
        case Bottleneck():
            return layers * 2 * (2 * hidden * method.size + hidden + method.size), 2.0 * 4 * (hidden + method.size)
        case Head():
            return (method.hidden or 100) * hidden, 0.0
    return 0, 0.0


def _cache(run: Run, model: ModelFacts, length: int, width: int) -> float:
    """Return the bytes of keys and values while answers are generated: two per layer, token and row.

    RLOO and GRPO write all answers of a step at once, PPO and a measurement those of a batch. Right to the byte for a
    cache that grows token by token; what the allocator loses on the way is not in it, and not yet measured on a card.
    """
    layers, rows = model.layers + model.decoder_layers, run.training.batch
    if isinstance(run, BaselineRun) and model.kind != "encoder":
        length += run.objective.max_new_tokens
    elif isinstance(run, ReinforceRun):
        rows *= 1 if run.objective.algorithm == "ppo" else run.training.accumulate
    else:
        return 0.0
    return float(2 * model.key * width * layers * length * rows)
