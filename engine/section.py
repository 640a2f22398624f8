"""What every part of a run description is made of: frozen, strict, and tied to the settings of the script."""

from pydantic import BaseModel, ConfigDict


class Setting(str):
    """The name under which a field stands in the script."""


CHOOSES_PART = Setting("")
NOT_IN_SCRIPT = Setting("-")


class Section(BaseModel):
    """What all sections share: frozen, strict about names, helped by attribute docstrings."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False, validate_default=True
    )
