"""Which device the training may see, and whether it may ask the hub; decided before the libraries are imported."""

import os

DEVICE: str = "cpu"  # cuda refuses to fall back to the CPU; cpu hides the cards
DEVICES: tuple[str, ...] = ()  # cards by index or UUID; empty: the first that this machine allows
OFFLINE: bool = False  # model and rows lie on this machine, so the Hugging Face hub is not asked; False: it may be

os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # no library reports that it is used,
os.environ["HF_UPDATE_DOWNLOAD_COUNTS"] = "0"  # nor that rows were read
os.environ["HF_HUB_OFFLINE"] = (
    "1" if OFFLINE else os.environ.get("HF_HUB_OFFLINE", "")
)  # no look at the hub where all is here
os.environ["CUDA_VISIBLE_DEVICES"] = (
    "" if DEVICE == "cpu" else ",".join(DEVICES) or os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
)
