-- What an answered call would have cost elsewhere, written once beside its decision. Always an estimate, unless
-- `verified_microusd` is set: then the host's own record shows that the premium model did not run (see savings/).
-- A baseline that a subscription pays has no dollars: its unit is thousandths of a quota point of (account, window).
-- NULL is unknown, never zero. `answer_microusd` is what the answer itself cost, without failed attempts.
CREATE TABLE counterfactuals (
  decision_id TEXT PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  day INTEGER NOT NULL,
  answer_microusd INTEGER NOT NULL CHECK (answer_microusd >= 0),
  baseline_model TEXT NOT NULL,
  price_version TEXT NOT NULL,
  baseline_microusd INTEGER CHECK (baseline_microusd >= 0),
  top_model TEXT NOT NULL,
  top_microusd INTEGER CHECK (top_microusd >= 0),
  account TEXT NOT NULL DEFAULT '',
  quota_window TEXT NOT NULL DEFAULT '',
  baseline_millipoints INTEGER CHECK (baseline_millipoints >= 0),
  verified_microusd INTEGER CHECK (verified_microusd >= 0),
  verified_by TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX counterfactuals_by_time ON counterfactuals (at_ms);

-- The same added up by day. A call counts in one of: unpriced, estimated, verified; the top line counts beside them.
-- `quota` is account and window, a space between them.
CREATE TABLE counterfactual_days (
  day INTEGER NOT NULL,
  baseline_model TEXT NOT NULL,
  top_model TEXT NOT NULL,
  quota TEXT NOT NULL,
  unpriced_calls INTEGER NOT NULL,
  unpriced_answer_microusd INTEGER NOT NULL,
  estimated_calls INTEGER NOT NULL,
  estimated_microusd INTEGER NOT NULL,
  verified_calls INTEGER NOT NULL,
  verified_answer_microusd INTEGER NOT NULL,
  verified_microusd INTEGER NOT NULL,
  top_calls INTEGER NOT NULL,
  top_answer_microusd INTEGER NOT NULL,
  top_microusd INTEGER NOT NULL,
  point_calls INTEGER NOT NULL,
  millipoints INTEGER NOT NULL,
  PRIMARY KEY (day, baseline_model, top_model, quota)
) WITHOUT ROWID;

CREATE TRIGGER counterfactuals_added AFTER INSERT ON counterfactuals
BEGIN
  INSERT INTO counterfactual_days VALUES (new.day, new.baseline_model, new.top_model, new.account || ' ' || new.quota_window,
    new.baseline_microusd IS NULL AND new.verified_microusd IS NULL,
    iif(new.baseline_microusd IS NULL AND new.verified_microusd IS NULL, new.answer_microusd, 0),
    new.baseline_microusd IS NOT NULL AND new.verified_microusd IS NULL,
    iif(new.verified_microusd IS NULL, ifnull(new.baseline_microusd, 0), 0),
    new.verified_microusd IS NOT NULL,
    iif(new.verified_microusd IS NULL, 0, new.answer_microusd),
    ifnull(new.verified_microusd, 0),
    new.top_microusd IS NOT NULL,
    iif(new.top_microusd IS NULL, 0, new.answer_microusd),
    ifnull(new.top_microusd, 0),
    new.baseline_millipoints IS NOT NULL,
    ifnull(new.baseline_millipoints, 0))
  ON CONFLICT DO UPDATE SET
    unpriced_calls = unpriced_calls + excluded.unpriced_calls,
    unpriced_answer_microusd = unpriced_answer_microusd + excluded.unpriced_answer_microusd,
    estimated_calls = estimated_calls + excluded.estimated_calls,
    estimated_microusd = estimated_microusd + excluded.estimated_microusd,
    verified_calls = verified_calls + excluded.verified_calls,
    verified_answer_microusd = verified_answer_microusd + excluded.verified_answer_microusd,
    verified_microusd = verified_microusd + excluded.verified_microusd,
    top_calls = top_calls + excluded.top_calls,
    top_answer_microusd = top_answer_microusd + excluded.top_answer_microusd,
    top_microusd = top_microusd + excluded.top_microusd,
    point_calls = point_calls + excluded.point_calls,
    millipoints = millipoints + excluded.millipoints;
END;

-- A call moves from unpriced or estimated to verified, once.
CREATE TRIGGER counterfactuals_verified AFTER UPDATE OF verified_microusd ON counterfactuals
WHEN old.verified_microusd IS NULL AND new.verified_microusd IS NOT NULL
BEGIN
  UPDATE counterfactual_days SET
    unpriced_calls = unpriced_calls - (old.baseline_microusd IS NULL),
    unpriced_answer_microusd = unpriced_answer_microusd - iif(old.baseline_microusd IS NULL, old.answer_microusd, 0),
    estimated_calls = estimated_calls - (old.baseline_microusd IS NOT NULL),
    estimated_microusd = estimated_microusd - ifnull(old.baseline_microusd, 0),
    verified_calls = verified_calls + 1,
    verified_answer_microusd = verified_answer_microusd + new.answer_microusd,
    verified_microusd = verified_microusd + new.verified_microusd
  WHERE day = new.day AND baseline_model = new.baseline_model AND top_model = new.top_model
    AND quota = new.account || ' ' || new.quota_window;
END;
