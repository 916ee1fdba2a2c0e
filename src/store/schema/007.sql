-- Agents that ask over HTTP: one key a bay, stored as its SHA-256.
CREATE TABLE agent_key (
  bay INTEGER PRIMARY KEY,
  key_sha256 TEXT NOT NULL UNIQUE,
  made_at INTEGER NOT NULL
) STRICT;
