"""What runs by itself: deliveries in, models trained, lists out. The only writers of batch results."""

import os

# Before Polars is loaded: keep freed memory ten seconds for the next frame, instead of handing it back and asking again.
# A third of the processor time of a panel was the system clearing pages.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:10000,muzzy_decay_ms:10000")
