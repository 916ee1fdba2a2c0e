-- How people are reached: the channels' health, their browsers, and the calls that can be taken back.

-- One row a channel. `dead`: no more is tried until its configuration (`config`, a digest) is another.
CREATE TABLE channel_health (
  name TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('untried','working','failing','dead')),
  delivered_at INTEGER,
  failed_at INTEGER,
  why TEXT,                                  -- of the last failure
  config TEXT NOT NULL DEFAULT ''
) STRICT;

-- A browser that a signed-in person lets ring (Push API). The keys are the browser's, public and shared.
CREATE TABLE push_subscription (
  id INTEGER PRIMARY KEY,
  operator TEXT NOT NULL REFERENCES operator(name),
  endpoint TEXT NOT NULL UNIQUE,
  p256dh TEXT NOT NULL,
  auth TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX push_operator ON push_subscription (operator);

-- What a channel showed for an escalation, so that it can be taken back once somebody looks after it.
CREATE TABLE shown_call (
  escalation_id INTEGER NOT NULL REFERENCES escalation(id),
  channel TEXT NOT NULL,
  mark TEXT NOT NULL DEFAULT '',             -- the channel's own name of what it showed
  shown_at INTEGER NOT NULL,
  silenced_at INTEGER,
  PRIMARY KEY (escalation_id, channel)
) STRICT;
CREATE INDEX shown_open ON shown_call (escalation_id) WHERE silenced_at IS NULL;
