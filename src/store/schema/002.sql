-- People are reached: who is on call, rounds of alerts, what is to be silenced, the daily digest.

-- A burst is read once: whether its words were looked at since the last of them came.
ALTER TABLE turn ADD COLUMN looked INTEGER NOT NULL DEFAULT 0;
