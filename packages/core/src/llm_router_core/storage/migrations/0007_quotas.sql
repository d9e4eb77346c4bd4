-- The last good reading of each subscription window of an account, and the last failure to read it.
-- Shares are parts per million of the window's allowance, points are thousandths. NULL is unknown, never zero.
CREATE TABLE quota_windows (
  provider TEXT NOT NULL,
  account TEXT NOT NULL,
  quota_window TEXT NOT NULL,
  source TEXT NOT NULL,
  used_ppm INTEGER CHECK (used_ppm >= 0),
  used_millipoints INTEGER CHECK (used_millipoints >= 0),
  limit_millipoints INTEGER CHECK (limit_millipoints >= 0),
  resets_at_ms INTEGER,
  read_at_ms INTEGER,
  failed_at_ms INTEGER,
  problem TEXT NOT NULL DEFAULT '',
  touched_ms INTEGER NOT NULL,
  PRIMARY KEY (provider, account, quota_window)
) WITHOUT ROWID;
