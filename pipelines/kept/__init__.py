"""The features of everybody this week, from weeks that were counted before and are kept."""

from pipelines.kept.week import COLUMNS, Summary, features_of_week, known_by

__all__ = ["COLUMNS", "Summary", "features_of_week", "known_by"]
