"""What every part of a run description is made of: frozen, strict, and tied to the settings of the script."""

from pydantic import BaseModel, ConfigDict


class Setting(str):
    """The name under which a field stands in the script."""


CHOOSES_PART = Setting("")
NOT_IN_SCRIPT = Setting("-")


class Inline(str):
    """When the value of a field is written into the script where it is used, with the branches on it decided."""


INLINE = Inline("always")
"""Marks a field that nobody changes by hand in a script."""
INLINE_DEFAULT = Inline("default")
"""Marks a field that is a setting of the script only where a run gives it another value than its default."""


class Section(BaseModel):
    """What all sections share: frozen, strict about names, helped by attribute docstrings."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False, validate_default=True
    )
