"""What the forge loads beside the libraries: all that a training loads on its way, once for all children."""

import gc
import importlib

import torch

LATE = (
    "peft.tuners.lora.bnb",
    "peft.utils.transformers_weight_conversion",
    "scipy.io",
    "sentence_transformers.sentence_transformer.evaluation",
    "sentence_transformers.sentence_transformer.losses",
    "tests.forge",
    "torch.utils.serialization.config",
    "transformers.integrations.bitsandbytes",
    "trl.trainer.dpo_trainer",
    "trl.trainer.kto_trainer",
    "trl.trainer.reward_trainer",
    "trl.trainer.sft_trainer",
)
for name in LATE:
    importlib.import_module(name)
torch.set_num_threads(1)
gc.collect()
gc.freeze()  # a child looks through its own garbage alone; the libraries' million objects took it most of its time
