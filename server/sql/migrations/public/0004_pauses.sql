-- What managers and owners of machines have paused. '' stands for every project, or
-- every site.

CREATE TABLE IF NOT EXISTS sitesync_pauses (
    project_name VARCHAR NOT NULL,
    site_name VARCHAR NOT NULL,
    reason VARCHAR,
    user_name VARCHAR NOT NULL,
    since TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (project_name, site_name)
);
