-- Money is whole micro-dollars, instants are UTC milliseconds, days are numbers such as 20260305.
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE caps (
  scope TEXT PRIMARY KEY,
  cap_microusd INTEGER NOT NULL CHECK (cap_microusd >= 0)
) WITHOUT ROWID;

-- One row per scope and window. `win` is 0 (session, call), a month such as 202603, or a day.
CREATE TABLE counters (
  scope TEXT NOT NULL CHECK (scope IN ('session', 'project', 'day', 'month', 'provider', 'call')),
  name TEXT NOT NULL,
  win INTEGER NOT NULL,
  spent INTEGER NOT NULL CHECK (typeof(spent) = 'integer' AND spent >= 0),
  held INTEGER NOT NULL CHECK (typeof(held) = 'integer' AND held >= 0),
  touched_day INTEGER NOT NULL,
  PRIMARY KEY (scope, name, win)
) WITHOUT ROWID;

-- One row per provider round-trip, written before it starts. `held_microusd` stays what was reserved.
-- Ids begin with the time, so that new rows go to the end of the tree: one page per row and no second index.
-- Comparisons in the check of `state`, because IN builds a table of its values in every statement.
CREATE TABLE attempts (
  id TEXT PRIMARY KEY,
  call_id TEXT NOT NULL,
  decision_id TEXT NOT NULL,
  started_ms INTEGER NOT NULL,
  window_day INTEGER NOT NULL,
  session TEXT NOT NULL,
  project TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  purpose TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state = 'held' OR state = 'settled' OR state = 'released' OR state = 'expired'),
  held_microusd INTEGER NOT NULL CHECK (typeof(held_microusd) = 'integer' AND held_microusd >= 0),
  max_cost_microusd INTEGER,
  cost_microusd INTEGER CHECK (cost_microusd IS NULL OR (typeof(cost_microusd) = 'integer' AND cost_microusd >= 0)),
  is_price_known INTEGER NOT NULL,
  is_estimated INTEGER NOT NULL DEFAULT 0,
  price_version TEXT NOT NULL,
  input_tokens INTEGER NOT NULL DEFAULT 0,
  cache_read_tokens INTEGER NOT NULL DEFAULT 0,
  cache_write_tokens INTEGER NOT NULL DEFAULT 0,
  cache_write_1h_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  reasoning_tokens INTEGER NOT NULL DEFAULT 0,
  outcome TEXT NOT NULL DEFAULT '',
  error_kind TEXT NOT NULL DEFAULT '',
  flags TEXT NOT NULL DEFAULT '',
  elapsed_ms INTEGER NOT NULL DEFAULT 0,
  lease_until_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX attempts_held ON attempts (lease_until_ms) WHERE state = 'held';

-- What changed a counter without a call: balances carried over from the snapshot after damage, corrections.
CREATE TABLE adjustments (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  scope TEXT NOT NULL,
  name TEXT NOT NULL,
  win INTEGER NOT NULL,
  amount_microusd INTEGER NOT NULL,
  reason TEXT NOT NULL
);

-- Never prompt or answer text.
CREATE TABLE decisions (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  at_ms INTEGER NOT NULL,
  session TEXT NOT NULL,
  project TEXT NOT NULL,
  task_type TEXT NOT NULL,
  complexity TEXT NOT NULL,
  confidence_pct INTEGER NOT NULL,
  chosen TEXT NOT NULL,
  reason TEXT NOT NULL,
  chain_json TEXT NOT NULL,
  outcome TEXT NOT NULL DEFAULT ''
);
CREATE INDEX decisions_by_time ON decisions (at_ms);
