"""Records that were known on a date become features, spells and rule hits. Knows Narwhals only."""
