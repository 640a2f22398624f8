"""Liger's fused layers (Hsu et al. 2024, arXiv:2410.10989) beside the library's own loss in tiles."""

from typing import Any

from trl import SFTTrainer


class KernelTrainer(SFTTrainer):
    """The library's trainer: it keeps its own head, and takes Liger's norms, gates and rotations."""


def kernel_arguments() -> dict[str, Any]:
    """Return what the library is told."""
    return {"use_liger_kernel": True}
