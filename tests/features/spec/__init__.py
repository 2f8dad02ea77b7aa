"""What the features, the history and the rules mean: small tables in, values out.

Each module is one theme; `spec.page` renders all of it to docs/features.md, `test_spec.py` holds the code to it.
"""

from spec import known, missed, patterns, peers, periods, said, spells, thresholds
from spec.written import Spec, Theme

THEMES: tuple[Theme, ...] = (
    known.THEME,
    spells.THEME,
    missed.THEME,
    said.THEME,
    periods.THEME,
    patterns.THEME,
    peers.THEME,
    thresholds.THEME,
)
SPECS: tuple[Spec, ...] = tuple(spec for theme in THEMES for spec in theme.specs)
