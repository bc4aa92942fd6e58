-- Agents keep their id over restarts; a run is one process. A new run of an agent means
-- that the run before has ended, however it ended.

ALTER TABLE sitesync_agents
    ADD COLUMN IF NOT EXISTS run_id UUID,
    ADD COLUMN IF NOT EXISTS started_at TIMESTAMPTZ;
