"""What every table of the configuration is."""

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A TOML table: unknown keys are refused, values never change and never show in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
