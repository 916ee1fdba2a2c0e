-- Texts over a provider: what it calls them, what became of them, and what it told us.

-- The provider's id of a text of ours; null until it took it.
ALTER TABLE outbox ADD COLUMN provider_id TEXT;
-- When the latest try began: what may have left is looked for from here on.
ALTER TABLE outbox ADD COLUMN sending_at INTEGER;
-- 1: it was surely not there after a try without an answer, and was tried once more. Never twice.
ALTER TABLE outbox ADD COLUMN repeated INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX outbox_provider ON outbox (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX outbox_address ON outbox (address, id);

-- Hash of sender, words and the provider's time: the same text under another id is the same text.
ALTER TABLE message ADD COLUMN content_key TEXT;
CREATE INDEX message_content ON message (content_key) WHERE content_key IS NOT NULL;
CREATE INDEX message_provider ON message (provider_id) WHERE provider_id IS NOT NULL;

-- What the provider says became of a text, whether or not its id is known here yet.
CREATE TABLE text_status (
  provider_id TEXT PRIMARY KEY,
  delivery TEXT NOT NULL CHECK (delivery IN ('delivered','failed')),
  why TEXT,
  at INTEGER NOT NULL
) STRICT;

-- Webhooks that were taken; kept 28 days, so that one that comes again changes nothing.
CREATE TABLE hook_seen (id TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;
CREATE INDEX hook_seen_at ON hook_seen (at);

-- What a provider told us in a shape we do not know, as it came.
CREATE TABLE text_unknown (
  id TEXT PRIMARY KEY, provider TEXT NOT NULL, kind TEXT NOT NULL, raw TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
