-- Orders too large for a request, and what they came to. One worker runs a job; a job
-- whose worker ended shows by its `seen_at`.

CREATE TABLE IF NOT EXISTS sitesync_jobs (
    job_id UUID PRIMARY KEY,
    verb VARCHAR NOT NULL,
    project_name VARCHAR NOT NULL,
    user_name VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    result JSONB NOT NULL DEFAULT '{}'::JSONB,
    started_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ
);
