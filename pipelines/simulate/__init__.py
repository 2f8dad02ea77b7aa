"""A synthetic region: schools whose pupils live, fall ill, drift and recover, written out as real export files.

Nothing here is about real pupils. The files go in through the front door; the hidden truth is kept apart.
"""

from pipelines.simulate.run import Summary, newcomer, simulate

__all__ = ["Summary", "newcomer", "simulate"]
