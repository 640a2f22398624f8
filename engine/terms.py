"""The terms of a training's memory, each a small formula over one step; bytes as `max_memory_allocated` counts them."""

from engine.families import habits_of
from engine.shapes import attention_weights, mlp_weights
from engine.step import Step, targeted

CHUNK_TOKENS, CHUNK_WORDS = 4096, 32768
"""The tile of TRL's fused head: it never holds more logits than this at once (trl.kernels.chunked_logprob)."""


def block_weights(step: Step) -> int:
    """Weights of all blocks: what quantisation shrinks; embeddings, head and norms stay as they are."""
    shape = step.shape
    one = attention_weights(shape) + mlp_weights(shape)
    return shape.layers * one + shape.decoder_layers * (one + attention_weights(shape))


def weights(step: Step) -> float:
    """Weights: 4 bit with one constant per 64 (in 8 bit when doubly quantised), 8 bit with one constant per row."""
    blocks = block_weights(step)
    if step.bits == 16:
        return step.parameters * step.storage
    rest = 4 if step.upcast else step.storage
    return blocks * _packed(step) + (step.parameters - blocks) * rest


def _packed(step: Step) -> float:
    """Bytes of one packed weight with its share of the constants."""
    constants = {4: 1 / 64 + 4 / (64 * 256) if step.double_quant else 4 / 64, 8: 4 / step.shape.hidden}
    return step.bits / 8 + constants[step.bits]


def whole_experts(step: Step) -> float:
    """What experts take more where they are not packed: transformers 5 holds those of a block in one tensor of three
    dimensions, and bitsandbytes packs linear layers only (published runs are of older versions, which packed them).
    """
    shape = step.shape
    if step.bits == 16 or not shape.experts:
        return 0.0
    experts = shape.layers * (mlp_weights(shape) - shape.hidden * shape.experts)
    return experts * ((4 if step.upcast else step.storage) - _packed(step))


def adapter_parameters(step: Step) -> int:
    """Numbers in the adapters: rank x (inputs + outputs) for every target."""
    each = sum(inputs + outputs for inputs, outputs in targeted(step.shape, step.targets))
    return 0 if step.full else step.rank * each * step.layers


def top_parameters(step: Step) -> int:
    """Numbers in the last blocks, and in the head where it is no copy of the embedding."""
    shape = step.shape
    blocks = block_weights(step) * step.reached // step.layers + 2 * shape.hidden * step.reached
    return blocks + (shape.vocab * shape.hidden if shape.head and not shape.tied else 0)


def trainable(step: Step) -> int:
    """How many numbers the optimizer moves."""
    if step.full:
        return step.parameters if step.top is None else top_parameters(step) + step.own
    return adapter_parameters(step) + step.own


def adapters(step: Step) -> float:
    """The adapters' own weights, and those of a new head."""
    return (adapter_parameters(step) + step.own) * step.adapter


def gradients(step: Step) -> float:
    """One gradient per trained number, as wide as the number."""
    return trainable(step) * (step.storage if step.full else step.adapter)


def guard(step: Step) -> float:
    """What a guard against forgetting holds for every trained number: where it began, how much it matters."""
    return trainable(step) * step.guard


def optimizer(step: Step) -> float:
    """AdamW keeps two moments as wide as the weight; in 8 bit two bytes and a constant per 256; paged ones move out."""
    moments = {"adamw": 2 * gradients(step), "adamw_8bit": 2 * trainable(step) * (1 + 4 / 256), "paged_adamw_8bit": 0.0}
    return moments.get(step.optimizer, 0.02 * gradients(step))


def update(step: Step) -> float:
    """What the optimizer's own step needs: foreach AdamW computes all moves at once on a GPU, the others one by one."""
    largest = step.shape.vocab * step.shape.hidden if step.full else max(step.rank * step.shape.intermediate, step.own)
    if step.optimizer == "adamw" and step.gpu:
        return gradients(step)
    return largest * 4 * (2 if step.optimizer == "adafactor" else 1)


def casts(step: Step, *, one_block: bool = False) -> float:
    """16-bit copies of 32-bit weights: trained ones live through the forward pass, frozen ones while they are used."""
    if not step.casting:
        return 0.0
    share = 1 / step.layers if one_block and step.checkpointing else 1.0
    return block_weights(step) * step.compute * share


def adapter_inputs(step: Step) -> float:
    """Bytes per token and block that adapters keep for their gradient: their inputs, dropout masks, low-rank results.

    PEFT casts the input to the adapter's type for every target apart; under autocast the matrix product keeps a
    copy in the compute type, otherwise the cast one is kept.
    """
    if step.full or not step.rank:
        return step.own_kept
    sizes = targeted(step.shape, step.targets)
    width = step.compute if step.amp else step.adapter
    shared = step.adapter == step.compute and not step.adapter_dropout
    inputs = sum({inputs for inputs, _ in sizes}) if shared else sum(inputs for inputs, _ in sizes)
    masks = step.mask * sum(inputs for inputs, _ in sizes) if step.adapter_dropout else 0
    return inputs * width + masks + len(sizes) * step.rank * width


def attention_saved(step: Step) -> float:
    """Bytes per token and block that one attention keeps: queries, keys, values, result, and the matrix if it is made.

    Flash and memory-efficient kernels keep no matrix, but the mask in the type of the numbers. A mask or a kernel that
    knows no groups makes SDPA repeat grouped keys and values; where one matrix gave all three, the whole of it is held.
    """
    shape, width, own = step.shape, step.compute, habits_of(step.shape)
    repeated = step.padded or step.matrix
    key = shape.query if repeated else shape.key
    saved = width * (2 * shape.query + 2 * key)
    if own.fused and shape.key == shape.query:
        saved += 2 * width * shape.query
    if own.query_norms:
        saved += (4 + (width if step.full else 0)) * (shape.query + shape.key)
    if step.matrix:
        dropped = step.mask + width if shape.attention_dropout else 0
        capped = width if shape.softcap else 0
        return saved + shape.heads * step.length * (4 + (width if width < 4 else 0) + dropped + capped)
    return saved + step.length * width * (shape.heads if own.biased else 1 if step.padded else 0)


def norm_saved(step: Step) -> float:
    """Bytes per token that one norm keeps: its input, in 32 bit where it computes so; trained, what it scales as well.

    Autocast gives torch's layer_norm a 32-bit copy. T5 multiplies the stream as it is and keeps that beside the copy.
    """
    own, hidden = habits_of(step.shape), step.shape.hidden
    if not own.rms:
        return hidden * (4 if step.amp else step.residual)
    scaled = 4 if own.scaled_in_32 else step.residual
    return hidden * (4 + (scaled if step.full else 0) + (step.residual if own.biased else 0))


def mlp_saved(step: Step) -> float:
    """Bytes per token that the feed-forward part keeps: its wide tensors, of each expert that the token is sent to.

    A gate keeps three (in and out of the activation, and the other half), a plain MLP one; activations that are written
    out as several operations keep three more. Of an expert also what it gave before it is weighted.
    """
    shape, own, used = step.shape, habits_of(step.shape), max(1, step.shape.experts_used)
    wide = step.inner * shape.intermediate * used * own.wide
    if step.full:
        wide += step.compute * shape.intermediate * used
    if shape.attention_dropout and own.biased:
        wide += step.mask * shape.intermediate
    return wide + (step.inner * shape.hidden * used * (2 if step.full else 1) if shape.experts else 0)


def block_saved(step: Step) -> float:
    """Bytes per token that one block keeps for its backward pass: norms, attention, MLP, dropout, what adapters add.

    Trained layers keep their inputs, which autocast copies for each of them; a decoder's block beside an encoder has a
    second attention with its norm, counted here as the share of the blocks that are such.
    """
    shape, own = step.shape, habits_of(step.shape)
    crossing = 1 + shape.decoder_layers / max(1, step.layers)
    inputs = 0.0
    if step.full:
        copies = 3 + (2 if shape.gated_mlp else 1) if step.casting else min(2, own.norms)
        inputs = step.compute * copies * shape.hidden
    dropped = 2 * shape.hidden * step.mask if shape.attention_dropout else 0
    once = own.norms * norm_saved(step) + inputs + mlp_saved(step) + dropped + adapter_inputs(step)
    return once + crossing * attention_saved(step) + (crossing - 1) * norm_saved(step)


def kept(step: Step) -> float:
    """Activations at the end of the forward pass: all of every block, or with checkpointing its input alone."""
    each = step.shape.hidden * step.residual if step.checkpointing else block_saved(step)
    return step.reached * each * step.tokens


def in_flight(step: Step) -> float:
    """What one block's backward pass adds: what it computes anew, and the gradients of its widest tensors."""
    wide = step.shape.intermediate * max(1, step.shape.experts_used)
    passing = step.inner * (wide * (3 if step.shape.gated_mlp else 2) + step.shape.hidden)
    if step.matrix:
        passing = max(passing, 12 * step.shape.heads * step.length)  # scores, their gradient, and that of the softmax
    dequantised = step.shape.hidden * step.shape.intermediate * step.compute if step.bits < 16 else 0
    return (block_saved(step) if step.checkpointing else 0) * step.tokens + passing * step.tokens + dequantised


def loss(step: Step) -> float:
    """Buffers of the loss: all logits several times over, or a tile of them, or the in-batch similarities.

    Plain: per token and word 2 bytes of logits, 4 of their log-softmax in 32 bit, 4 + 4 of two gradients coming back;
    beside them what the last norm keeps and gives. Tiles: one of `CHUNK_TOKENS` x `CHUNK_WORDS` (on a CPU with a copy
    in 32 bit), and the gradient of the stream in 32 bit with its cast. The head's gradient is 4 bytes a number, be it
    in 32 bit (TRL) or twice in 16, where pieces are added up; TRL's cast of it, alive for the last moment of that, is
    left to the interval (2 bytes more, 1.5 % of a 3B model), as other kernels know none. Liger's layers stay
    with TRL's head, and are taken to keep what the model's own keep: they keep less where norms and gates are theirs.

    `distance` holds the logits of two models and the gradient of one, and for the learned tokens in 32 bit both models'
    logits, log-softmaxes, their distance, and its gradient; counted from the formula, not yet measured on a card.
    """
    hidden, vocab, width = step.shape.hidden, step.shape.vocab, step.compute
    head = vocab * hidden * 4 if step.full else 0
    if step.kernel == "pooled":
        return 2 * width * hidden * step.tokens
    if step.kernel == "ranking":
        return 16 * step.rows * step.rows + 2 * width * hidden * step.tokens
    told = step.told or step.tokens
    if step.kernel == "plain":
        cast = vocab * hidden * width if step.upcast else 0
        return told * vocab * (14 if width == 2 else 16) + told * hidden * (4 + step.residual) + cast
    if step.kernel == "policy":
        return told * vocab * (width + 20)  # in 32 bit log-softmax, probabilities, their product, two gradients
    if step.kernel == "distance":
        return step.tokens * vocab * 3 * width + told * vocab * 28
    tile = min(step.tokens, CHUNK_TOKENS) * min(vocab, CHUNK_WORDS)
    return tile * width * (1 if step.gpu else 3) + step.tokens * hidden * (4 + width) + head
