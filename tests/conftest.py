"""Fixtures that every test may name."""

from tests.databases import empty_database, feedback_url, postgres_server

__all__ = ["empty_database", "feedback_url", "postgres_server"]
