"""Alembic migrations, shipped inside the package and run by `service.db`."""
