-- The order of what is told to other workers: a cursor of the long poll is a number of
-- this sequence.
CREATE SEQUENCE IF NOT EXISTS sitesync_live_seq;
