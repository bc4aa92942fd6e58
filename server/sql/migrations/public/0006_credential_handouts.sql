-- To whom the settings of sites were handed with their secrets, or were refused: a row
-- per user, machine, site and day. No value of a setting is in it.

CREATE TABLE IF NOT EXISTS sitesync_credential_handouts (
    day DATE NOT NULL,
    user_name VARCHAR NOT NULL,
    machine VARCHAR NOT NULL,
    project_name VARCHAR NOT NULL,
    site_name VARCHAR NOT NULL,
    variant VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    times BIGINT NOT NULL DEFAULT 1,
    first_at TIMESTAMPTZ NOT NULL,
    last_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (
        day, user_name, machine, project_name, site_name, variant, outcome
    )
);
CREATE INDEX IF NOT EXISTS sitesync_credential_handouts_last_idx
    ON sitesync_credential_handouts (project_name, last_at DESC);
