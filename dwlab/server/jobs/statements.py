"""The SQL of the job queue, over the table `jobs`."""

from __future__ import annotations

LISTED_IMAGES = 16  # pictures of a job that a list shows

BY_ID = "SELECT * FROM jobs WHERE id = :id"

BY_IDEMPOTENCY_KEY = "SELECT * FROM jobs WHERE idempotency = :idempotency"

STATUS = "SELECT status FROM jobs WHERE id = :id"

COUNT_QUEUED = "SELECT count(*) AS count FROM jobs WHERE status = 'queued'"

COUNT_BY_STATUS = "SELECT status, count(*) AS count FROM jobs GROUP BY status"

NEXT_NUMBER = "SELECT COALESCE(MAX(number), 0) + 1 AS number FROM jobs"

INSERT = """
    INSERT INTO jobs (
        id, request, status, created, number, alike, client, cost,
        result, started, ended, idempotency, fingerprint
    )
    VALUES (
        :id, :request, :status, :created, :number, :alike, :client, :cost,
        :result, :started, :ended, :idempotency, :fingerprint
    )
"""

SIZES_OF_ENDED = """
    SELECT id, length(request) + length(result) AS size
    FROM jobs
    WHERE ended IS NOT NULL
    ORDER BY number DESC
"""

DELETE = "DELETE FROM jobs WHERE id = :id"

DELETE_ENDED_BEFORE = "DELETE FROM jobs WHERE ended < :before"

WAITING = """
    SELECT number, id, alike, attempts, client, cost, created
    FROM jobs
    WHERE status = 'queued'
    ORDER BY number
"""

CLAIM = """
    UPDATE jobs
    SET status = 'running', owner = :owner, lease = :lease, started = :started,
        attempts = attempts + 1
    WHERE id = :id
"""

RUNNING = "SELECT id, owner, lease, attempts FROM jobs WHERE status = 'running'"

QUEUE_AGAIN = "UPDATE jobs SET status = 'queued', owner = NULL, lease = NULL WHERE id = :id"

FAIL = """
    UPDATE jobs
    SET status = 'failed', owner = NULL, lease = NULL, ended = :ended, error = :error
    WHERE id = :id
"""

EXTEND_LEASE = """
    UPDATE jobs
    SET lease = :lease
    WHERE id = :id AND owner = :owner AND status = 'running'
"""

FINISH = """
    UPDATE jobs
    SET status = :status, result = :result, error = :error, ended = :ended,
        owner = NULL, lease = NULL
    WHERE id = :id AND owner = :owner AND status = 'running'
"""

RELEASE = """
    UPDATE jobs
    SET status = 'queued', owner = NULL, lease = NULL, started = NULL, attempts = attempts - 1
    WHERE id = :id AND owner = :owner AND status = 'running'
"""

CANCEL = """
    UPDATE jobs
    SET status = 'cancelled', ended = :ended, owner = NULL, lease = NULL
    WHERE id = :id AND status IN ('queued', 'running')
"""

_LISTED = f"""
    SELECT
        id, status, attempts, created, error, started, ended,
        json_extract(request, '$.params[0]') AS recipe,
        COALESCE(
            json_extract(request, '$.num_images'), json_array_length(request, '$.params')
        ) AS num_images,
        json_extract(request, '$.sweep.name') AS sweep_name,
        json_extract(request, '$.sweep.model') AS sweep_model,
        (
            SELECT json_group_array(value) FROM json_each(result, '$.images')
            WHERE key < {LISTED_IMAGES}
        ) AS images,
        COALESCE(json_array_length(result, '$.images'), 0) AS image_count,
        json_extract(result, '$.counts') AS counts,
        json_extract(result, '$.warning') AS warning
    FROM jobs
"""

NEWEST = f"{_LISTED} ORDER BY number DESC LIMIT :limit OFFSET :offset"

NEWEST_OF_STATUS = f"""
    {_LISTED}
    WHERE status = :status
    ORDER BY number DESC
    LIMIT :limit OFFSET :offset
"""
