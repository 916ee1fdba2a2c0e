-- ClubOS schema, version 1. Times are milliseconds since the Unix epoch (UTC) unless a name says otherwise.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- A conversation with one customer over one channel. A bay thread ends when the booking, the
-- occupancy or the code changes; `session` tells one occupancy of a bay from the next.
CREATE TABLE thread (
  id INTEGER PRIMARY KEY,
  channel TEXT NOT NULL CHECK (channel IN ('sms','bay','door','console')),
  address TEXT NOT NULL,                     -- phone number, or bay-2
  session TEXT NOT NULL DEFAULT '',
  bay INTEGER,                               -- bay thread: where presence was proven
  phone TEXT,                                -- the customer's number, where known
  opened_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  closed_at INTEGER,
  presence_until INTEGER,                    -- bay thread: presence holds until then
  hold_by TEXT, hold_reason TEXT, hold_until INTEGER,
  asked_bay_at INTEGER,                      -- when "which bay?" was asked last (once per episode)
  hello_at INTEGER,                          -- last acknowledgement while a person is awaited
  greeted_at INTEGER,
  simulated INTEGER NOT NULL DEFAULT 0,
  UNIQUE (channel, address, session)
) STRICT;

-- Every text in and out. An inbound row is committed before it is acknowledged; it ends exactly once.
CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  thread_id INTEGER NOT NULL REFERENCES thread(id),
  direction TEXT NOT NULL CHECK (direction IN ('in','out')),
  author TEXT NOT NULL,                      -- customer | box | an operator's name
  body TEXT NOT NULL,
  media INTEGER NOT NULL DEFAULT 0,          -- number of attachments
  provider_id TEXT,
  dedupe_key TEXT UNIQUE,
  written_at INTEGER NOT NULL,               -- provider's time
  received_at INTEGER NOT NULL,              -- committed here
  turn_id INTEGER REFERENCES turn(id),
  ending TEXT CHECK (ending IN ('replied','acted','escalated','silent')),
  ending_reason TEXT,
  ending_refs TEXT,                          -- JSON list: reply:3, effect:1, escalation:2
  ended_at INTEGER
) STRICT;
CREATE INDEX message_thread ON message (thread_id, id);
CREATE INDEX message_open ON message (id) WHERE direction = 'in' AND ending IS NULL;

-- What leaves the box towards customers. One row a reply; `sent_at` null: never left.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  message_id INTEGER NOT NULL UNIQUE REFERENCES message(id),
  channel TEXT NOT NULL,
  address TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued','sending','sent','failed','cancelled','maybe')),
  automatic INTEGER NOT NULL,                -- 1: written by the box; a hold cancels it
  queued_at INTEGER NOT NULL,
  sent_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  not_before INTEGER,
  error TEXT,
  form_key TEXT UNIQUE                       -- a second click on the same form is a conflict
) STRICT;
CREATE INDEX outbox_open ON outbox (state) WHERE state IN ('queued','sending');

-- A burst of messages that is understood and answered as one.
CREATE TABLE turn (
  id INTEGER PRIMARY KEY,
  thread_id INTEGER NOT NULL REFERENCES thread(id),
  state TEXT NOT NULL CHECK (state IN ('open','asking','done')),
  opened_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  cap_at INTEGER NOT NULL,
  decided_at INTEGER,
  amends INTEGER REFERENCES turn(id),
  reading TEXT,                              -- JSON of intent::Reading
  intents TEXT,                              -- JSON list
  by TEXT,
  nonce TEXT                                 -- ties an answer of the fallback to this look at the turn
) STRICT;
CREATE INDEX turn_open ON turn (due_at) WHERE state <> 'done';

-- One matter of one customer in one place, over as many threads as it takes.
CREATE TABLE episode (
  id INTEGER PRIMARY KEY,
  sop_id TEXT NOT NULL,
  sop_version INTEGER NOT NULL,
  thread_id INTEGER NOT NULL REFERENCES thread(id),
  bay INTEGER,
  booking_id TEXT,
  state TEXT NOT NULL CHECK (state IN ('open','handed','closed')),
  guided INTEGER NOT NULL DEFAULT 0,
  tried TEXT NOT NULL DEFAULT '[]',          -- JSON list of effects used up
  asked_bay INTEGER NOT NULL DEFAULT 0,
  opened_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  closed_at INTEGER,
  escalation_id INTEGER REFERENCES escalation(id)
) STRICT;
CREATE INDEX episode_thread ON episode (thread_id, id);

-- The one pending question of a thread; "yes" counts against nothing else.
CREATE TABLE question (
  id INTEGER PRIMARY KEY,
  thread_id INTEGER NOT NULL REFERENCES thread(id),
  episode_id INTEGER REFERENCES episode(id),
  turn_id INTEGER REFERENCES turn(id),
  kind TEXT NOT NULL,                        -- confirm | bay | which | at-door | detail | person
  payload TEXT NOT NULL,                     -- JSON: effect, target, options, value, ticket
  state TEXT NOT NULL CHECK (state IN ('open','answered','expired','cancelled')),
  asked_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  message_id INTEGER REFERENCES message(id)
) STRICT;
CREATE UNIQUE INDEX question_open ON question (thread_id) WHERE state = 'open';

-- The journal of effects: requested, authorised, sent, acknowledged, then exactly one outcome.
CREATE TABLE effect (
  id INTEGER PRIMARY KEY,
  effect TEXT NOT NULL,
  target TEXT NOT NULL,
  value REAL,
  tier TEXT NOT NULL,
  asked_by TEXT NOT NULL,                    -- phone, bay-2, or an operator
  approved_by TEXT,
  thread_id INTEGER REFERENCES thread(id),
  episode_id INTEGER REFERENCES episode(id),
  booking_id TEXT,
  state TEXT NOT NULL CHECK (state IN ('requested','authorised','sent','acknowledged','ended')),
  outcome TEXT CHECK (outcome IN ('verified','failed','unknown','refused','expired')),
  reason TEXT,
  requested_at INTEGER NOT NULL,
  authorised_at INTEGER,
  dispatched_at INTEGER,                     -- handed to the driver; after a crash: perhaps sent
  sent_at INTEGER,
  ended_at INTEGER,
  deadline_at INTEGER,                       -- verified by then, or unknown
  expires_at INTEGER NOT NULL,               -- must not be sent after that
  verification TEXT,                         -- JSON of device::verify::Verification
  opened INTEGER,                            -- doors with a sensor: 1 opened, 0 not within 30 s
  told INTEGER NOT NULL DEFAULT 0,           -- the outcome was told to the customer
  simulated INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX effect_open ON effect (target) WHERE state <> 'ended';
CREATE INDEX effect_target ON effect (target, effect, sent_at);

CREATE TABLE lease (
  target TEXT PRIMARY KEY,
  effect_id INTEGER NOT NULL REFERENCES effect(id),
  until INTEGER NOT NULL
) STRICT;

CREATE TABLE escalation (
  id INTEGER PRIMARY KEY,
  thread_id INTEGER REFERENCES thread(id),
  episode_id INTEGER REFERENCES episode(id),
  intent TEXT NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('low','medium','high','critical')),
  timed_as TEXT NOT NULL,                    -- medium with a customer on site climbs as high
  reason TEXT NOT NULL,
  summary TEXT NOT NULL,
  packet TEXT NOT NULL,                      -- JSON: what a person needs (DOMAIN 6)
  opened_at INTEGER NOT NULL,
  first_alert_at INTEGER NOT NULL,
  step INTEGER NOT NULL DEFAULT 0,
  delivered_at INTEGER,
  acked_by TEXT, acked_at INTEGER,
  closed_by TEXT, closed_at INTEGER
) STRICT;

CREATE TABLE alert (
  id INTEGER PRIMARY KEY,
  escalation_id INTEGER NOT NULL REFERENCES escalation(id),
  person TEXT NOT NULL,
  channel TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued','sending','sent','failed','cancelled')),
  queued_at INTEGER NOT NULL,
  sent_at INTEGER,
  error TEXT
) STRICT;
CREATE INDEX alert_open ON alert (state) WHERE state IN ('queued','sending');

CREATE TABLE ticket (
  id INTEGER PRIMARY KEY,
  intent TEXT NOT NULL,
  level TEXT NOT NULL,
  bay INTEGER,
  thread_id INTEGER REFERENCES thread(id),
  episode_id INTEGER REFERENCES episode(id),
  detail TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  closed_by TEXT, closed_at INTEGER,
  parent_id INTEGER REFERENCES ticket(id),
  is_parent INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX ticket_intent ON ticket (intent, bay, opened_at);

CREATE TABLE incident (
  id INTEGER PRIMARY KEY,
  what TEXT NOT NULL,
  escalation_id INTEGER REFERENCES escalation(id),
  opened_at INTEGER NOT NULL,
  closed_at INTEGER, closed_by TEXT
) STRICT;
CREATE TABLE incident_thread (
  incident_id INTEGER NOT NULL REFERENCES incident(id),
  thread_id INTEGER NOT NULL REFERENCES thread(id),
  PRIMARY KEY (incident_id, thread_id)
) STRICT;

-- What is known of each device; part '' is the whole target, else the effect's name.
CREATE TABLE device_status (
  target TEXT NOT NULL,
  part TEXT NOT NULL DEFAULT '',
  online INTEGER,                            -- null: unknown
  reason TEXT,
  since INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT '{}',          -- JSON: last observation of each kind
  simulated INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (target, part)
) STRICT;

CREATE TABLE sop (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL,
  version INTEGER NOT NULL, updated_at INTEGER NOT NULL
) STRICT;
CREATE TABLE sop_version (
  sop_id TEXT NOT NULL REFERENCES sop(id), version INTEGER NOT NULL,
  sha256 TEXT NOT NULL, source TEXT NOT NULL, loaded_at INTEGER NOT NULL, published_by TEXT NOT NULL,
  PRIMARY KEY (sop_id, version, sha256)
) STRICT;

CREATE TABLE operator (
  name TEXT PRIMARY KEY, role TEXT NOT NULL CHECK (role IN ('oncall','manager')),
  password_hash TEXT NOT NULL, created_at INTEGER NOT NULL, disabled_at INTEGER
) STRICT;
CREATE TABLE session (
  token_sha256 TEXT PRIMARY KEY, operator TEXT NOT NULL REFERENCES operator(name),
  csrf TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE booking (
  id TEXT PRIMARY KEY, phone TEXT NOT NULL, name TEXT NOT NULL DEFAULT '', bay INTEGER NOT NULL,
  starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, reference TEXT, pin TEXT,
  source TEXT NOT NULL, updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX booking_phone ON booking (phone, starts_at);
CREATE INDEX booking_bay ON booking (bay, starts_at);

-- Codes shown on a bay's own screen; knowing one proves presence.
CREATE TABLE presence_code (
  code TEXT PRIMARY KEY, bay INTEGER NOT NULL, session TEXT NOT NULL,
  valid_from INTEGER NOT NULL, valid_to INTEGER NOT NULL
) STRICT;
-- A browser that proved presence.
CREATE TABLE presence (
  token_sha256 TEXT PRIMARY KEY, bay INTEGER NOT NULL, thread_id INTEGER NOT NULL REFERENCES thread(id),
  granted_at INTEGER NOT NULL, until INTEGER NOT NULL
) STRICT;
CREATE TABLE door_try (id INTEGER PRIMARY KEY, client TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE INDEX door_try_client ON door_try (client, at);

-- A browser that named a number and a booking that belong together.
CREATE TABLE door_visit (
  token_sha256 TEXT PRIMARY KEY, door TEXT NOT NULL, thread_id INTEGER NOT NULL REFERENCES thread(id),
  message_id INTEGER NOT NULL, at INTEGER NOT NULL, until INTEGER NOT NULL
) STRICT;

CREATE TABLE consent (phone TEXT PRIMARY KEY, opted_out_at INTEGER NOT NULL, word TEXT NOT NULL) STRICT;

-- Nothing waits in memory only.
CREATE TABLE timer (
  kind TEXT NOT NULL, ref INTEGER NOT NULL, due_at INTEGER NOT NULL,
  PRIMARY KEY (kind, ref)
) STRICT;
CREATE INDEX timer_due ON timer (due_at);

CREATE TABLE notice (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, thread_id INTEGER REFERENCES thread(id), text TEXT NOT NULL
) STRICT;

CREATE TABLE change_log (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL,
  thread_id INTEGER REFERENCES thread(id), until INTEGER
) STRICT;

-- What the box can learn from: every reading, and what a person did with it afterwards.
CREATE TABLE learning_event (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,                        -- reading | correction | claimed | confirmed | declined | resolved | still-broken
  thread_id INTEGER REFERENCES thread(id),
  turn_id INTEGER REFERENCES turn(id),
  text TEXT,
  intent TEXT, confidence REAL, verdict TEXT,
  right_intent TEXT, by TEXT,
  sops_fingerprint TEXT, model_sha256 TEXT
) STRICT;
