"""A server with an art channel, and a moderator in it."""

from tests.support.gallery import gallery, otto

__all__ = ["gallery", "otto"]
