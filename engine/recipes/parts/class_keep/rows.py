"""Texts are kept: measured before, during and after, and perhaps mixed in."""

from engine.recipes.parts.class_keep_set import ClassKeep


class Keep(ClassKeep):
    """The person's own rows."""
