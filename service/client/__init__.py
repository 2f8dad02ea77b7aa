"""A typed client of the API, for programs in Python."""

from service.client.client_tokens import by_key, by_secret
from service.client.methods import Client, frame

__all__ = ["Client", "by_key", "by_secret", "frame"]
