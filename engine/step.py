"""One training step as memory and time see it: the shape of the model, the rows on the device, what is trained."""

from dataclasses import dataclass
from typing import Literal

from engine.shapes import Shape

Kernel = Literal["plain", "chunked", "liger", "ranking", "pooled", "policy", "distance"]

ROLES: dict[str, frozenset[str]] = {
    "q": frozenset({"q_proj", "query", "q", "q_lin", "Wq"}),
    "k": frozenset({"k_proj", "key", "k", "k_lin", "Wk"}),
    "v": frozenset({"v_proj", "value", "v", "v_lin", "Wv"}),
    "qkv": frozenset({"c_attn", "query_key_value", "qkv_proj", "Wqkv", "W_pack", "qkv"}),
    "o": frozenset({"o_proj", "o", "out_proj", "out_lin", "Wo"}),
    "gate": frozenset({"gate_proj", "gate", "w1", "wi_0"}),
    "up": frozenset({"up_proj", "up", "w3", "wi_1", "wi", "fc1", "c_fc", "dense_h_to_4h", "lin1", "Wi"}),
    "down": frozenset({"down_proj", "down", "w2", "wo", "fc2", "dense_4h_to_h", "lin2"}),
    "o down": frozenset({"c_proj", "dense"}),
}
"""What a layer does in a block -> what the families call it; the last two names mean both ways out of a block."""
ATTENTION = ("q", "k", "v", "o")
"""The layers of a block that the word `attention` means as targets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One training step as memory sees it: widths are bytes, `tokens` are padded and on the device at once."""

    shape: Shape
    parameters: int
    tokens: int
    length: int
    rows: int
    storage: int
    compute: int
    full: bool
    bits: int = 16
    double_quant: bool = True
    upcast: bool = False
    """Whether what stays unpacked beside packed weights is held in 32 bit."""
    rank: int = 0
    targets: str | tuple[str, ...] = "all-linear"
    adapter: int = 4
    adapter_dropout: float = 0.0
    optimizer: str = "adamw"
    accumulate: int = 1
    checkpointing: bool = False
    eager: bool = False
    padded: bool = True
    kernel: Kernel = "chunked"
    amp: bool = True
    gpu: bool = True
    top: int | None = None
    """Blocks from the top whose own weights train, with the head; None: all of them or, beside adapters, none."""
    own: int = 0
    """Numbers that a method other than LoRA trains."""
    own_kept: float = 0.0
    """Bytes per token and block that such a method keeps for its gradient."""
    trains: bool = True
    """Whether there is a backward pass through the model at all."""
    guard: int = 0
    """Bytes per trained number that a guard against forgetting holds."""
    beside: float = 0.0
    """Bytes of other models that are held all the time: a reference, a teacher, a reward model."""
    part: int | None = None
    """Rows of a batch that a cached loss computes at a time."""
    told: int | None = None
    """Tokens that the head turns into words, where they are not all."""
    cache: float = 0.0
    """Bytes of keys and values while texts are generated."""

    @property
    def reached(self) -> int:
        """Blocks through which gradients go: below them nothing is kept."""
        return 0 if not self.trains else self.layers if self.top is None else min(self.top, self.layers)

    @property
    def layers(self) -> int:
        """Blocks of the model, those of a decoder counted with those of its encoder."""
        return self.shape.layers + self.shape.decoder_layers

    @property
    def casting(self) -> bool:
        """Whether 32-bit weights are used through 16-bit copies (autocast)."""
        return self.amp and self.storage > self.compute

    @property
    def mask(self) -> int:
        """Bytes that dropout keeps per number: a truth value on a GPU, the factor itself on a CPU."""
        return 1 if self.gpu else self.compute

    @property
    def matrix(self) -> bool:
        """Whether attention makes its matrix: asked for, or on a CPU, whose fast kernel knows no dropout."""
        return self.eager or (not self.gpu and self.shape.attention_dropout > 0)

    @property
    def residual(self) -> int:
        """Bytes of one number of the stream between the blocks: it keeps the type of the embeddings."""
        if self.upcast:
            return 4
        return self.storage if self.amp or self.storage == self.compute else self.compute

    @property
    def inner(self) -> int:
        """Bytes of one number inside a block: packed layers give out the type that they are given."""
        return 4 if self.upcast else self.compute


def linears(shape: Shape) -> dict[str, tuple[int, int]]:
    """Return the linear layers of one block as inputs and outputs; experts are no linear layers to PEFT."""
    hidden, query, key, wide = shape.hidden, shape.query, shape.key, shape.intermediate
    found = {"q": (hidden, query), "k": (hidden, key), "v": (hidden, key), "o": (query, hidden)}
    if not shape.experts:
        found |= {"gate": (hidden, wide)} if shape.gated_mlp else {}
        found |= {"up": (hidden, wide), "down": (wide, hidden)}
    return found


def targeted(shape: Shape, targets: str | tuple[str, ...]) -> list[tuple[int, int]]:
    """Return inputs and outputs of the layers of one block that get an adapter."""
    every = linears(shape)
    if isinstance(targets, str):
        return [sizes for role, sizes in every.items() if targets != "attention" or role in ATTENTION]
    wanted = [role for role, names in ROLES.items() if any(name.rpartition(".")[2] in names for name in targets)]
    fused = [(shape.hidden, shape.query + 2 * shape.key)] if "qkv" in wanted else []
    roles = {part for role in wanted for part in role.split()}
    return fused + [sizes for role, sizes in every.items() if role in roles]
