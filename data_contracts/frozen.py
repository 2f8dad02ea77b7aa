"""What goes from one room to another, or into a file, is never changed and has no field that we do not know."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A record that refuses unknown fields, and is never changed once it is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)
