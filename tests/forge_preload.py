"""What the forge loads beside the libraries: the trainers themselves, whose import takes longest."""

import torch
import trl.trainer.dpo_trainer
import trl.trainer.sft_trainer  # noqa: F401

torch.set_num_threads(1)
