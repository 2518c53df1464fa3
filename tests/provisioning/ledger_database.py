"""The database of an invented application, in the PostgreSQL that the tests run on, with a user of few rights."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

NO_POSTGRES = "no PostgreSQL in this run: its target is tried by ACCESSGOV_TEST_DATABASE=postgres"
TABLES = """
    CREATE TABLE resources (id text PRIMARY KEY, name text NOT NULL);
    CREATE TABLE roles (id text PRIMARY KEY, name text NOT NULL, resource text NOT NULL REFERENCES resources);
    CREATE TABLE accounts (id serial PRIMARY KEY, login text NOT NULL UNIQUE);
    CREATE TABLE members (
        account integer NOT NULL REFERENCES accounts, role text NOT NULL REFERENCES roles ON DELETE CASCADE,
        PRIMARY KEY (account, role)
    );
    CREATE TABLE secrets (word text);
    INSERT INTO resources VALUES ('ledger', 'The ledger');
"""
STATEMENTS = {
    "grant": """
        INSERT INTO members SELECT accounts.id, roles.id FROM accounts, roles
        WHERE login = %(username)s AND roles.id = %(role)s ON CONFLICT DO NOTHING;
    """,
    "revoke": """
        DELETE FROM members USING accounts
        WHERE accounts.id = account AND login = %(username)s AND role = %(role)s
    """,
    "read": """
        SELECT EXISTS (SELECT FROM members JOIN accounts ON accounts.id = account
                       WHERE login = %(username)s AND role = %(role)s)
    """,
    "holders": "SELECT accounts.id, login FROM members JOIN accounts ON accounts.id = account WHERE role = %(role)s",
    "discover": """
        SELECT resources.id, resources.name, roles.id, roles.name
        FROM resources JOIN roles ON roles.resource = resources.id ORDER BY 1, 3
    """,
}


@dataclass
class LedgerDatabase:
    """Where it is, and a way in past the connector."""

    url: str
    user: str
    password: str

    @property
    def options(self) -> dict[str, Any]:
        """What the connector's form asks for."""
        parts = urlsplit(self.url)
        where = {"host": parts.hostname, "port": parts.port or 5432, "database": parts.path.strip("/")}
        return {**where, "user": self.user, "sslmode": "disable", **STATEMENTS}

    def ask(self, query: str, *values: object) -> list[Any]:
        """The rows that the owner of the database sees; none where the query has none."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def running_ledger(name: str) -> Iterator[LedgerDatabase]:
    """The database until the block ends; the test is skipped where there is no PostgreSQL."""
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        pytest.skip(NO_POSTGRES)
    url, user, password = os.environ["DATABASE_URL"], f"writer_{name}", secrets.token_urlsafe(12)
    names = {"name": sql.Identifier(name), "user": sql.Identifier(user), "password": sql.Literal(password)}
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {name}").format(**names))
        server.execute(sql.SQL("CREATE ROLE {user} LOGIN PASSWORD {password}").format(**names))
        database = LedgerDatabase(urlsplit(url)._replace(path=f"/{name}").geturl(), user, password)
        try:
            database.ask(TABLES)
            database.ask(f'GRANT SELECT ON resources, roles, accounts TO "{user}"')
            database.ask(f'GRANT SELECT, INSERT, DELETE ON members TO "{user}"')
            yield database
        finally:
            server.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**names))
            server.execute(sql.SQL("DROP ROLE {user}").format(**names))
