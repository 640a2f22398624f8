"""A language model with its linear layers in 4 bit (Dettmers et al. 2023, arXiv:2305.14314)."""

from transformers import BitsAndBytesConfig, PreTrainedModel

from engine.recipes.parts.base import BASE_MODEL, REVISION, TRUST_REMOTE_CODE, model_arguments, torch_dtype
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.model_class.causal import model_class
from engine.recipes.parts.reading import PRECISION

QUANT_TYPE: str = "nf4"  # the 4-bit code: nf4 suits normally distributed weights, fp4 is the plain float
DOUBLE_QUANT: bool = True  # quantise the quantisation constants too; saves about 0.4 bit per weight


def load_model() -> PreTrainedModel:
    """Return the base model with 4-bit linear layers that compute in the training's precision."""
    four_bit = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=QUANT_TYPE,
        bnb_4bit_use_double_quant=DOUBLE_QUANT,
        bnb_4bit_compute_dtype=torch_dtype(PRECISION),
    )
    model = model_class().from_pretrained(
        BASE_MODEL,
        revision=REVISION,
        trust_remote_code=TRUST_REMOTE_CODE,
        quantization_config=four_bit,
        device_map={"": DEVICE},
        **model_arguments(),
    )
    for layer in model.modules():
        # On a CPU with bf16 bitsandbytes repacks 4-bit weights at the first evaluation; gradients end there afterwards.
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            layer.support_avx512bf16_for_cpu = False
    return model
