"""A large library is imported without what it takes along, and nobody else notices."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_contracts.imports import as_if_not_installed, not_yet


@pytest.fixture(autouse=True)
def libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A heavy module, a package with a heavy part, and a library that takes both along."""
    (tmp_path / "heavy_one.py").write_text("WEIGHT = 3\n")
    (tmp_path / "of_parts").mkdir()
    (tmp_path / "of_parts" / "__init__.py").write_text("")
    (tmp_path / "of_parts" / "heavy.py").write_text("WEIGHT = 4\n")
    (tmp_path / "takes_all.py").write_text(
        "try:\n    import heavy_one as one\nexcept ImportError:\n    one = None\nfrom of_parts import heavy as part\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_what_is_hidden_is_not_there_for_that_import_only():
    with as_if_not_installed("heavy_one"):
        import takes_all  # type: ignore[import-not-found]  # noqa: PLC0415
    assert takes_all.one is None
    import heavy_one  # type: ignore[import-not-found]  # noqa: PLC0415

    assert heavy_one.WEIGHT == 3


def test_what_is_in_use_already_is_not_hidden():
    import heavy_one  # noqa: PLC0415

    with as_if_not_installed("heavy_one"):
        import takes_all  # noqa: PLC0415
    assert takes_all.one is heavy_one
    assert sys.modules["heavy_one"] is heavy_one


def test_what_is_put_off_loads_when_it_is_used():
    with not_yet("heavy_one", "of_parts.heavy"):
        import takes_all  # noqa: PLC0415
    assert not {"heavy_one", "of_parts.heavy"} & set(sys.modules)
    assert (takes_all.one.WEIGHT, takes_all.part.WEIGHT) == (3, 4)
    import heavy_one  # noqa: PLC0415
    from of_parts import heavy  # type: ignore[import-not-found]  # noqa: PLC0415

    assert (heavy_one.WEIGHT, heavy.WEIGHT) == (3, 4)


def test_what_is_in_use_already_is_not_put_off():
    import heavy_one  # noqa: PLC0415
    import of_parts.heavy  # type: ignore[import-not-found]  # noqa: PLC0415

    with not_yet("heavy_one", "of_parts.heavy"):
        import takes_all  # noqa: PLC0415
    assert takes_all.one is heavy_one
    assert takes_all.part is of_parts.heavy
