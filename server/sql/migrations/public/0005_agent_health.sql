-- What agents tell of themselves: their rate, and the sites they cannot use now. Refused
-- agents are remembered by site, as they have no row of their own.

ALTER TABLE sitesync_agents ADD COLUMN IF NOT EXISTS health JSONB;

CREATE TABLE IF NOT EXISTS sitesync_refused_agents (
    site_name VARCHAR NOT NULL,
    hostname VARCHAR NOT NULL,
    other_hostname VARCHAR NOT NULL,
    user_name VARCHAR NOT NULL,
    refused_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (site_name, hostname)
);
