-- People are reached: who is on call, rounds of alerts, what is to be silenced, the daily digest.

-- A burst is read once: the last message of the turn that was looked at.
ALTER TABLE turn ADD COLUMN looked INTEGER NOT NULL DEFAULT 0;

-- Who is called first. The row in force is the latest one whose time has not run out.
CREATE TABLE on_call (
  id INTEGER PRIMARY KEY,
  people TEXT NOT NULL,                      -- JSON list of names, the first is on call
  since INTEGER NOT NULL,
  until INTEGER,                             -- null: until the next row
  by TEXT NOT NULL
) STRICT;

-- Alerts of one round belong together: the step of the ladder they were called on.
ALTER TABLE alert ADD COLUMN round INTEGER NOT NULL DEFAULT 0;
CREATE INDEX alert_escalation ON alert (escalation_id);

-- Somebody looks after it: channels that were called are to be told.
ALTER TABLE escalation ADD COLUMN to_silence INTEGER NOT NULL DEFAULT 0;
CREATE INDEX escalation_to_silence ON escalation (id) WHERE to_silence = 1;

CREATE TABLE digest (
  id INTEGER PRIMARY KEY,
  day TEXT NOT NULL UNIQUE,                  -- site-local date it was made on
  text TEXT NOT NULL,
  made_at INTEGER NOT NULL
) STRICT;
CREATE TABLE digest_call (
  id INTEGER PRIMARY KEY,
  digest_id INTEGER NOT NULL REFERENCES digest(id),
  person TEXT NOT NULL,
  channel TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued','sending','sent','failed')),
  queued_at INTEGER NOT NULL,
  sent_at INTEGER,
  error TEXT
) STRICT;
CREATE INDEX digest_call_open ON digest_call (state) WHERE state IN ('queued','sending');
