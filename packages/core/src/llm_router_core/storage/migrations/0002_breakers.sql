-- One row per (provider, account, model) that failed lately. Times are UTC milliseconds. Retention: 7 days after the
-- last change; a breaker that closed is deleted.
CREATE TABLE breakers (
  provider TEXT NOT NULL,
  account TEXT NOT NULL,
  model TEXT NOT NULL,
  failures INTEGER NOT NULL CHECK (failures >= 0),
  open_until INTEGER,
  probe_until INTEGER,
  kind TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (provider, account, model)
) WITHOUT ROWID;
