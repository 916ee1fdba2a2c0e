-- What announced itself on the network: proposed to staff, never used by itself.
CREATE TABLE proposal (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,                      -- mdns | home-assistant | tasmota
  key TEXT NOT NULL,                         -- what the source knows it by
  name TEXT NOT NULL,
  address TEXT NOT NULL,                     -- host or topic
  seems TEXT NOT NULL,                       -- what it seems to be, in words
  keys TEXT,                                 -- lines of site.toml that would use it, without effects; null: no driver here
  can TEXT NOT NULL,                         -- JSON list of effects that driver could carry
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'open',        -- open | dismissed | approved
  decided_by TEXT,
  decided_at INTEGER,
  target TEXT,                               -- approved: for what
  effects TEXT,                              -- approved: JSON list
  UNIQUE (source, key)
) STRICT;
