-- What is known across projects: running agents, and whose machine a site is.

-- The clock of the tables in this schema. Tests replace it.
CREATE OR REPLACE FUNCTION sitesync_now_v1() RETURNS timestamptz
LANGUAGE sql VOLATILE AS $$ SELECT clock_timestamp() $$;

CREATE TABLE IF NOT EXISTS sitesync_agents (
    agent_id UUID PRIMARY KEY,
    site_name VARCHAR NOT NULL,
    user_name VARCHAR NOT NULL,
    hostname VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    roots JSONB NOT NULL DEFAULT '{}'::JSONB,
    last_project VARCHAR,
    seen_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX IF NOT EXISTS sitesync_agents_site_idx
    ON sitesync_agents (site_name, seen_at DESC);

-- A machine site belongs to its first user; he and studio managers add others.
CREATE TABLE IF NOT EXISTS sitesync_machine_sites (
    site_name VARCHAR NOT NULL,
    user_name VARCHAR NOT NULL,
    added_by VARCHAR NOT NULL,
    added_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (site_name, user_name)
);
