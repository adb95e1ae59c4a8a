"""The tables of the history file, as numbered migrations. `PRAGMA user_version` is the number of the last one.

A migration that was released is never edited: later changes of the tables are further migrations.
Times are integers: microseconds since 1970 in UTC. Texts are never NULL unless they are values that can be unknown.
"""

from __future__ import annotations

import sqlite3

APPLICATION_ID = 0x616E6368
"""`PRAGMA application_id`: "anch". A database with another id is a foreign file."""

_CHANGES = """
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  process TEXT NOT NULL,
  process_start TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  last_written_at INTEGER NOT NULL
);
CREATE TABLE changes (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  observed_at INTEGER NOT NULL,
  server_at INTEGER,
  kind TEXT NOT NULL,
  environment TEXT NOT NULL,
  server TEXT NOT NULL,
  namespace TEXT NOT NULL,
  application TEXT NOT NULL,
  subject TEXT NOT NULL,
  place TEXT NOT NULL,
  before TEXT,
  after TEXT,
  identity TEXT NOT NULL,
  detail TEXT NOT NULL,
  severity TEXT NOT NULL,
  pull_request INTEGER,
  commit_id TEXT NOT NULL,
  actor TEXT NOT NULL,
  origin TEXT NOT NULL,
  cause_id INTEGER,
  facts TEXT NOT NULL,
  session_id INTEGER
);
CREATE INDEX changes_by_time ON changes (at, id);
CREATE INDEX changes_by_environment ON changes (environment, at, id);
CREATE INDEX changes_by_kind ON changes (kind, at, id);
CREATE INDEX changes_by_application ON changes (application, at, id);
CREATE INDEX changes_by_pull_request ON changes (pull_request, at, id) WHERE pull_request IS NOT NULL;
CREATE TABLE states (
  kind TEXT NOT NULL,
  environment TEXT NOT NULL,
  server TEXT NOT NULL,
  namespace TEXT NOT NULL,
  application TEXT NOT NULL,
  subject TEXT NOT NULL,
  place TEXT NOT NULL,
  value TEXT,
  compared_value TEXT,
  observed_at INTEGER NOT NULL,
  server_at INTEGER,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (kind, environment, server, namespace, application, subject, place)
) WITHOUT ROWID;
CREATE INDEX states_by_sequence ON states (sequence);
CREATE TABLE good_releases (
  environment TEXT NOT NULL,
  content TEXT NOT NULL,
  version TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  pull_request INTEGER,
  healthy_since INTEGER NOT NULL,
  qualified_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  PRIMARY KEY (environment, content)
) WITHOUT ROWID;
CREATE TABLE imports (
  subject TEXT NOT NULL PRIMARY KEY,
  imported_at INTEGER NOT NULL
) WITHOUT ROWID;
"""
_INCIDENTS = """
CREATE TABLE incidents (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  title TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  started_by TEXT NOT NULL,
  ended_at INTEGER,
  ended_by TEXT NOT NULL,
  facts TEXT NOT NULL
);
CREATE UNIQUE INDEX running_incident ON incidents (ended_at IS NULL) WHERE ended_at IS NULL;
CREATE TABLE incident_notes (
  id INTEGER PRIMARY KEY,
  incident INTEGER NOT NULL REFERENCES incidents (number),
  at INTEGER NOT NULL,
  author TEXT NOT NULL,
  text TEXT NOT NULL
);
CREATE INDEX notes_by_incident ON incident_notes (incident, at, id);
"""
MIGRATIONS: tuple[str, ...] = (_CHANGES, _INCIDENTS)
"""The statements of each migration; the first one has the number 1."""
NEWEST_VERSION = len(MIGRATIONS)


class NewerFileError(Exception):
    """The file was written by a newer anchor-tui."""


class ForeignFileError(Exception):
    """The file is a database of another program."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file to the newest version; one transaction for each migration.

    Raises NewerFileError, ForeignFileError and sqlite3.Error.
    """
    version = _read_pragma(connection, "user_version")
    if version > NEWEST_VERSION:
        raise NewerFileError(f"it has the version {version}, and this anchor-tui knows {NEWEST_VERSION}")
    if _read_pragma(connection, "application_id") != APPLICATION_ID and _has_tables(connection):
        raise ForeignFileError("it is a database of another program")
    while version < NEWEST_VERSION:
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = _read_pragma(connection, "user_version")  # another process may have migrated meanwhile
            if version < NEWEST_VERSION:
                for statement in MIGRATIONS[version].split(";"):
                    connection.execute(statement)
                version += 1
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {version}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _read_pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is not None
