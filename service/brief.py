"""A signal without the parts of its score: all that a list shows, read in half the time."""

from pydantic import ConfigDict, Field

from data_contracts.weekly_list import Contribution, Signal


class Brief(Signal):
    """A signal whose contributions stay unread. A page of 400 pupils would make 28,000 of them and show none."""

    model_config = ConfigDict(extra="ignore")

    contributions: tuple[Contribution, ...] = Field(default=(), validation_alias="-")
