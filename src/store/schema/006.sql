-- The cloud model: what left the box, what it cost, what it said.

-- One request that left the box, or was about to: written before it leaves, so that a kill spends nothing twice.
CREATE TABLE llm_call (
  id INTEGER PRIMARY KEY,
  turn_id INTEGER,                           -- the turn it was asked for
  at INTEGER NOT NULL,
  day TEXT NOT NULL,                         -- of the site, YYYY-MM-DD: spend is capped by day and month
  provider TEXT NOT NULL,                    -- openai | openai-chat | anthropic
  model TEXT NOT NULL,
  body BLOB,                                 -- the bytes sent, exactly; null once they are too old to be kept
  reserved INTEGER NOT NULL,                 -- the most it can cost, in millionths of a cent
  cost INTEGER,                              -- what it did cost; null: not known, and what was reserved counts
  input_tokens INTEGER,
  output_tokens INTEGER,
  ended_at INTEGER,                          -- null: under way, or the program was killed
  outcome TEXT                               -- nominated | none | refused | unusable | failed | no-answer
) STRICT;
CREATE INDEX llm_call_day ON llm_call (day);
CREATE INDEX llm_call_kept ON llm_call (at) WHERE body IS NOT NULL;

-- Answers by what was asked: the key is a hash over model, redacted words and candidates.
CREATE TABLE llm_answer (key TEXT PRIMARY KEY, answer TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE INDEX llm_answer_at ON llm_answer (at);
