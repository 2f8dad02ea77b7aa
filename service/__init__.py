"""The web service: shows published lists, guards who sees what, and logs it. Imports no machine-learning library."""
