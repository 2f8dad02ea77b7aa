"""A signal without what a list does not show of it: read in a third of the time."""

from typing import Any

from pydantic import ConfigDict, Field, ValidationInfo, ValidatorFunctionWrapHandler, field_validator

from data_contracts.weekly_list import AttendanceWeek, Contribution, Signal


class Brief(Signal):
    """A signal whose contributions stay unread, and whose weeks are read where a list draws them.

    A page of 400 pupils would make 28,000 contributions and 12,000 weeks of them, and shows the weeks of a few dozen.
    """

    model_config = ConfigDict(extra="ignore")

    contributions: tuple[Contribution, ...] = Field(default=(), validation_alias="-")

    @field_validator("attendance", mode="wrap")
    @classmethod
    def _as_far_as_drawn(
        cls,
        value: Any,  # noqa: ANN401 (as it was stored)
        handler: ValidatorFunctionWrapHandler,
        info: ValidationInfo,
    ) -> tuple[AttendanceWeek, ...]:
        drawn = info.data.get("on_list") or info.data.get("position") is None
        return tuple(handler(value)) if drawn else ()
