"""Outcome, splits, fit, scorecard, evaluation and registry: features become an exact additive score."""
