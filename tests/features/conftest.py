"""A school to fill, and rows to look at."""

from collections.abc import Callable
from typing import Any

import pytest
from made_school import School


@pytest.fixture
def school() -> School:
    return School()


@pytest.fixture
def rows() -> Callable[[Any], list[dict[str, Any]]]:
    """Collect a frame to rows in a stable order."""

    def collect(frame: Any) -> list[dict[str, Any]]:
        found = frame.collect().to_native()
        return found.sort(sorted(found.columns)).to_dicts()

    return collect
