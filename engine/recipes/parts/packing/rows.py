"""Short rows of tokens may share a sequence."""

from typing import Any

PACKING: bool = False  # put several short rows into one sequence; needs flash attention to keep them apart


def packing_arguments() -> dict[str, Any]:
    """Return what the library is told; what is measured is never packed."""
    return {"packing": True, "eval_packing": False} if PACKING else {}
