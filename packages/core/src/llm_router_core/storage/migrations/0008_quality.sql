-- One row per answer that was to be judged, never a text. Scores are thousandths. A NULL score means "unjudged", and
-- `outcome` says why. Retention: 180 days.
CREATE TABLE judgements (
  seq INTEGER PRIMARY KEY,
  decision_id TEXT NOT NULL UNIQUE,
  at_ms INTEGER NOT NULL,
  model TEXT NOT NULL,
  judge TEXT NOT NULL,
  outcome TEXT NOT NULL,
  score INTEGER CHECK (score IS NULL OR (typeof(score) = 'integer' AND score BETWEEN 0 AND 1000)),
  relevance INTEGER,
  completeness INTEGER,
  correctness INTEGER,
  ceiling INTEGER NOT NULL DEFAULT 1000
);
CREATE INDEX judgements_by_time ON judgements (at_ms);
