"""Tensors that are computed once and kept beside the checkpoints, so that a resumed run has the same."""

from collections.abc import Callable
from contextlib import suppress

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from engine.recipes.parts.output import output


def computed_once(name: str, compute: Callable[[], dict[str, torch.Tensor]], device: str) -> dict[str, torch.Tensor]:
    """Return the tensors of that name in the output folder, computed and written first if they are not there."""
    file = output() / f"{name}.safetensors"
    with suppress(OSError, SafetensorError):  # not there yet, or damaged: a resumed run is still untouched here
        return dict(load_file(file, device))
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    save_file({key: values.contiguous() for key, values in compute().items()}, partial)
    partial.replace(file)
    return dict(load_file(file, device))
