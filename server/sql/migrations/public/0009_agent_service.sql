-- What else agents serve, as they tell at claims; and until when panels know of an agent
-- that it is gone: before its last sign they do not.

ALTER TABLE sitesync_agents
    ADD COLUMN IF NOT EXISTS serves VARCHAR[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS told_gone_at TIMESTAMPTZ;
