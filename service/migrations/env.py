"""How Alembic runs here: always on the connection that `service.db` opened, in its transaction."""

from alembic import context

from service.tables import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
