"""Which device the training may see, decided before torch looks for one."""

import os

DEVICE: str = "cpu"  # cuda refuses to fall back to the CPU; cpu hides the cards
DEVICES: tuple[str, ...] = ()  # cards by index or UUID; empty: the first that this machine allows

os.environ["CUDA_VISIBLE_DEVICES"] = (
    "" if DEVICE == "cpu" else ",".join(DEVICES) or os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
)
