"""Curves that others wrote, read as the events of a run: never written, never changed."""

from engine.foreign.follow import Foreign, first

__all__ = ["Foreign", "first"]
