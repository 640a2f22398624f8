"""How long, how fast and how carefully the weights are moved: what every trainer is told."""

from typing import Any

from engine.recipes.parts.begin import SEED
from engine.recipes.parts.environment import DEVICE
from engine.recipes.parts.output import SMOKE_TEST, output
from engine.recipes.parts.reading import BATCH, PRECISION
from engine.recipes.parts.setup.intervals.epoch import intervals

EPOCHS: float = 3.0  # how often every training row is seen
MAX_STEPS: int = 0  # stop after this many steps whatever the epochs say; 0: no limit
ACCUMULATE: int = 1  # batches that are added up before the weights move
LEARNING_RATE: float = 2e-4  # size of the largest move; LoRA wants about ten times what full tuning takes
SCHEDULE: str = "cosine"  # how the learning rate falls over the run
WARMUP: float = 0.1  # rise at the start: a share of the steps below 1, a number of steps from 1 on
WEIGHT_DECAY: float = 0.0  # pull of the weights towards zero
MAX_GRAD_NORM: float = 1.0  # longest gradient; a longer one is shortened to this
GRADIENT_CHECKPOINTING: bool = False  # compute activations twice instead of storing them
OPTIMIZER: str = "adamw_torch"  # adamw_torch, adamw_bnb_8bit, paged_adamw_8bit or adafactor
LOG_EVERY: int = 1  # steps between two points of the loss curve
TRACKING: tuple[str, ...] = ()  # trackers that get the curves as well


def arguments() -> dict[str, Any]:
    """Return what every trainer is told; a loss that is not a number stays visible."""
    return {
        "output_dir": str(output()),
        "num_train_epochs": EPOCHS,
        "max_steps": 2 if SMOKE_TEST else MAX_STEPS or -1,
        "per_device_train_batch_size": BATCH,
        "per_device_eval_batch_size": BATCH,
        "gradient_accumulation_steps": ACCUMULATE,
        "learning_rate": LEARNING_RATE,
        "lr_scheduler_type": SCHEDULE,
        "warmup_steps": WARMUP,
        "weight_decay": WEIGHT_DECAY,
        "max_grad_norm": MAX_GRAD_NORM,
        "gradient_checkpointing": GRADIENT_CHECKPOINTING,
        "optim": OPTIMIZER,
        "bf16": PRECISION == "bfloat16",
        "fp16": PRECISION == "float16",
        "use_cpu": DEVICE == "cpu",
        "seed": SEED,
        "logging_steps": LOG_EVERY,
        "logging_nan_inf_filter": False,
        **intervals(),
        "load_best_model_at_end": True,
        "report_to": list(TRACKING) or "none",
        "disable_tqdm": True,
    }
