"""Beheer: people, programs, the settings of a school, what is kept how long, and the audit."""
