-- What the user taught: one row per kind of prompt and subject. `rank` decides between rules, the highest first.
-- Kept until the user resets it; at most 500 rows. No text of a prompt.
CREATE TABLE memory_rules (
  id TEXT PRIMARY KEY,
  rank INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  project TEXT NOT NULL,
  task_type TEXT NOT NULL,
  complexity TEXT NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('prefer', 'avoid', 'treat_as')),
  target TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('correction', 'rating', 'import'))
) WITHOUT ROWID;

-- The user's word on single answers, the latest one a decision. Retention: 90 days.
CREATE TABLE ratings (
  seq INTEGER PRIMARY KEY,
  decision_id TEXT NOT NULL UNIQUE,
  at_ms INTEGER NOT NULL,
  model TEXT NOT NULL,
  task_type TEXT NOT NULL,
  complexity TEXT NOT NULL,
  is_good INTEGER NOT NULL
);
CREATE INDEX ratings_by_kind ON ratings (model, task_type, complexity, seq);
