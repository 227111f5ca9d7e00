"""The file that holds what conversations leave behind: exchanges, where each stands, feedback, and the hand-overs
that wait. One file, so that an exchange and what follows from it are kept together or not at all.
"""

from __future__ import annotations

import os

from ragbot.database import Database

FILE_NAME = "sessions.sqlite"

_VERSION = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS exchange (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session TEXT NOT NULL,
    at REAL NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    status TEXT NOT NULL,
    citations TEXT NOT NULL,
    trace_id TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS exchange_session ON exchange (session, id);
CREATE INDEX IF NOT EXISTS exchange_at ON exchange (at);
CREATE INDEX IF NOT EXISTS exchange_trace ON exchange (trace_id);
CREATE TABLE IF NOT EXISTS state (
    session TEXT PRIMARY KEY,
    at REAL NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS state_at ON state (at);
CREATE TABLE IF NOT EXISTS feedback (
    trace_id TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    at REAL NOT NULL,
    vote TEXT NOT NULL,
    comment TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS feedback_session ON feedback (session);
CREATE INDEX IF NOT EXISTS feedback_at ON feedback (at);
CREATE TABLE IF NOT EXISTS outbox (
    id TEXT PRIMARY KEY,
    session TEXT,
    at REAL NOT NULL,
    trigger TEXT NOT NULL,
    packet TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at REAL NOT NULL,
    leased_until REAL NOT NULL DEFAULT 0,
    aside INTEGER NOT NULL DEFAULT 0,
    delivered_at REAL,
    refused_at REAL,
    error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS outbox_session ON outbox (session);
CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (delivered_at, refused_at, at);
"""


def open_memory(path: str | os.PathLike[str]) -> Database:
    """The file `path`, made if absent. Raises `KnowledgeBaseError` where it cannot be used."""
    return Database(
        path,
        name="chat memory",
        schema=_SCHEMA,
        version=_VERSION,
        advice="delete it to start without past chats",
    )
