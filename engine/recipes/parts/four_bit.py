"""Linear layers in 4 bit (Dettmers et al. 2023, arXiv:2305.14314)."""

import torch
from transformers import PreTrainedModel

QUANT_TYPE: str = "nf4"  # the 4-bit code: nf4 suits normally distributed weights, fp4 is the plain float
DOUBLE_QUANT: bool = True  # quantise the quantisation constants too; saves about 0.4 bit per weight
UPCAST: bool = False  # hold what is not packed (embeddings, norms, head) in 32 bit


def widen(model: PreTrainedModel) -> None:
    """Hold what is not packed in 32 bit where that is wanted, as PEFT's prepare_model_for_kbit_training does."""
    for weight in model.parameters() if UPCAST else ():
        if weight.dtype in (torch.float16, torch.bfloat16):
            weight.data = weight.data.float()


def keep_gradients(model: PreTrainedModel) -> None:
    """Leave packed weights as they are, so that gradients pass them after an evaluation too."""
    for layer in model.modules():
        # On a CPU with bf16 bitsandbytes repacks 4-bit weights at the first evaluation; gradients end there afterwards.
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            layer.support_avx512bf16_for_cpu = False
