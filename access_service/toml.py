"""What every table of the configuration is."""

from pydantic import BaseModel, ConfigDict

# In our words, by pydantic's code; its own text serves for all others.
KEY_PROBLEMS = {
    "missing": "is missing; docs/configuration.md says what it should be",
    **dict.fromkeys(
        ("extra_forbidden", "unexpected_keyword_argument"), "unknown key; docs/configuration.md has those there are"
    ),
    **dict.fromkeys(("tuple_type", "frozen_set_type"), 'should be a list, such as ["one", "another"]'),
}


class Table(BaseModel):
    """A TOML table: unknown keys are refused, values never change and never show in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
