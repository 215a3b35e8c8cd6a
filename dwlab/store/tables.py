"""The tables of the results store, as migrations that are only ever appended to."""

from __future__ import annotations

MIGRATIONS = (
    """
    CREATE TABLE cells (
        key TEXT PRIMARY KEY, params TEXT NOT NULL, weights TEXT NOT NULL, dtype TEXT NOT NULL, device TEXT,
        status TEXT NOT NULL CHECK (status IN ('ok', 'failed', 'oom')), error TEXT,
        image TEXT, pixels TEXT, bytes INTEGER, seconds REAL, device_seconds REAL,
        created TEXT NOT NULL, versions TEXT NOT NULL,
        CHECK (status != 'ok' OR image IS NOT NULL)
    ) WITHOUT ROWID;
    CREATE TABLE experiments (name TEXT PRIMARY KEY, spec TEXT NOT NULL, seeds TEXT NOT NULL, created TEXT NOT NULL);
    CREATE TABLE membership (
        experiment TEXT NOT NULL, position INTEGER NOT NULL, key TEXT NOT NULL, axes TEXT NOT NULL,
        PRIMARY KEY (experiment, key)
    ) WITHOUT ROWID;
    CREATE TABLE attempts (
        key TEXT NOT NULL, experiment TEXT, status TEXT NOT NULL, error TEXT, created TEXT NOT NULL
    );
    CREATE TABLE metrics (
        key TEXT NOT NULL, metric TEXT NOT NULL, version INTEGER NOT NULL, value,
        PRIMARY KEY (key, metric)
    ) WITHOUT ROWID;
    CREATE TABLE marks (
        key TEXT NOT NULL, mark TEXT NOT NULL, value, created TEXT NOT NULL,
        PRIMARY KEY (key, mark)
    ) WITHOUT ROWID;
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY, request TEXT NOT NULL, status TEXT NOT NULL, owner TEXT, lease REAL,
        attempts INTEGER NOT NULL DEFAULT 0, created TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
    "ALTER TABLE cells ADD COLUMN mode TEXT NOT NULL DEFAULT 'close'",
    """
    ALTER TABLE jobs ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN alike TEXT;
    ALTER TABLE jobs ADD COLUMN result TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE jobs ADD COLUMN error TEXT;
    ALTER TABLE jobs ADD COLUMN started REAL;
    ALTER TABLE jobs ADD COLUMN ended REAL;
    ALTER TABLE jobs ADD COLUMN idempotency TEXT;
    ALTER TABLE jobs ADD COLUMN fingerprint TEXT;
    CREATE INDEX jobs_by_status ON jobs (status, number);
    CREATE UNIQUE INDEX jobs_by_idempotency ON jobs (idempotency) WHERE idempotency IS NOT NULL;
    """,
    "ALTER TABLE cells ADD COLUMN load_seconds REAL",
    """
    CREATE TABLE measurements (
        experiment TEXT NOT NULL, metric TEXT NOT NULL, key TEXT NOT NULL, source TEXT NOT NULL, value REAL NOT NULL,
        PRIMARY KEY (experiment, metric, key)
    ) WITHOUT ROWID;
    CREATE INDEX measurements_by_source ON measurements (source);
    """,
    """
    CREATE TABLE votes (
        id TEXT PRIMARY KEY, experiment TEXT NOT NULL, rater TEXT NOT NULL, number INTEGER NOT NULL,
        left_key TEXT NOT NULL, right_key TEXT NOT NULL,
        choice TEXT CHECK (choice IN ('left', 'right', 'tie', 'skip')), voted TEXT,
        UNIQUE (experiment, rater, number)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE history_runs (
        experiment TEXT NOT NULL, run INTEGER NOT NULL, started TEXT NOT NULL, base TEXT NOT NULL, along TEXT NOT NULL,
        PRIMARY KEY (experiment, run)
    ) WITHOUT ROWID;
    CREATE TABLE history_entries (
        experiment TEXT NOT NULL, position INTEGER NOT NULL, run INTEGER NOT NULL, key TEXT NOT NULL,
        is_base INTEGER NOT NULL, made TEXT, model TEXT, width INTEGER, height INTEGER, words TEXT,
        PRIMARY KEY (experiment, position)
    ) WITHOUT ROWID;
    CREATE INDEX history_entries_by_key ON history_entries (experiment, key, is_base);
    CREATE INDEX history_entries_not_made ON history_entries (experiment, key) WHERE made IS NULL;
    CREATE TABLE mark_changes (
        number INTEGER PRIMARY KEY, experiment TEXT NOT NULL, mark TEXT NOT NULL, value, before TEXT NOT NULL
    );
    CREATE INDEX marks_by_mark ON marks (mark, value);
    """,
    "ALTER TABLE attempts ADD COLUMN traceback TEXT",
    """
    CREATE TABLE measured_columns (
        experiment TEXT NOT NULL, metric TEXT NOT NULL, facts TEXT NOT NULL,
        PRIMARY KEY (experiment, metric)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE traces (
        key TEXT NOT NULL, name TEXT NOT NULL, steps TEXT NOT NULL, reason TEXT NOT NULL,
        film TEXT, film_sha256 TEXT, film_bytes INTEGER,
        PRIMARY KEY (key, name)
    )
    """,
    """
    ALTER TABLE jobs ADD COLUMN client TEXT NOT NULL DEFAULT '';
    ALTER TABLE jobs ADD COLUMN cost REAL NOT NULL DEFAULT 1;
    CREATE INDEX jobs_waiting ON jobs (number, id, alike, attempts, client, cost, created) WHERE status = 'queued';
    """,
)
