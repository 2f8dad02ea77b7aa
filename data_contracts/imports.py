"""Importing a large library without all that it takes along."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType


@contextmanager
def as_if_not_installed(*names: str) -> Iterator[None]:
    """Hide libraries from an import that takes along all it finds, unless they are in use already."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # which is how Python says: not to be imported
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def not_yet(*names: str) -> Iterator[None]:
    """Have an import bind a module without loading it, unless it is in use already: it loads at the first use."""
    put_off = [name for name in names if name not in sys.modules]
    for name in put_off:
        _bind(name, _Later(name))
    try:
        yield
    finally:
        for name in put_off:
            _unbind(name)


class _Later(ModuleType):
    """A module that loads when something of it is asked for."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):  # what the import itself asks
            raise AttributeError(name)
        found: object = getattr(import_module(self.__name__), name)
        return found


def _bind(name: str, module: ModuleType) -> None:
    package, _, last = name.rpartition(".")
    if package:
        setattr(import_module(package), last, module)  # `from package import last` looks here first
    else:
        sys.modules[name] = module


def _unbind(name: str) -> None:
    package, _, last = name.rpartition(".")
    if not package:
        if isinstance(sys.modules.get(name), _Later):
            del sys.modules[name]
    elif isinstance(vars(sys.modules[package]).get(last), _Later):
        delattr(sys.modules[package], last)
