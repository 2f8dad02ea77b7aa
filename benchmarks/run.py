"""Benchmarks: us and a peer side by side in one run, one JSON object a line.

``make bench``, or ``make bench ONLY=features_panel SIZE=full``. Every benchmark first checks that both give the same
numbers. All data here are synthetic. ``peak_mb`` is the peak of the process that did our side; ``ratio`` is how many times
as long the peer took for the same work.
"""

import argparse
from importlib import import_module

import pipelines  # noqa: F401 - says how memory is kept; every process that is started inherits it

BENCHMARKS = {
    "features_panel": "benchmarks.training",
    "features_week": "benchmarks.monday",
    "features_live": "benchmarks.live",
    "features_growth": "benchmarks.training",
    "weekly_swv": "benchmarks.weekly_swv",
    "explain": "benchmarks.explain",
    "models_compared": "benchmarks.models_compared",
    "pooling": "benchmarks.pooling",
    "steadier": "benchmarks.steadier",
    "pilot_power": "benchmarks.pilot_power",
    "api_bulk": "benchmarks.api_bulk",
    "api_read": "benchmarks.api_read",
    "api_score": "benchmarks.api_score",
    "api_overload": "benchmarks.api_overload",
    "page_week": "benchmarks.page_week",
}
"""Name of each, which is the function, and the module that it is in: each loads only what it needs."""


def main() -> None:
    """Run the benchmarks that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(BENCHMARKS))
    parser.add_argument("--size", choices=["small", "full"], default="small")
    asked = parser.parse_args()
    for name, module in BENCHMARKS.items():
        if asked.only in (None, name):
            getattr(import_module(module), name)(asked.size)


if __name__ == "__main__":
    main()
