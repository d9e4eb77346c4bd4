-- What was used, added up by UTC day as attempts end, so that a report costs the same for a thousand rows and a million.
-- `day` is the window an attempt was reserved in. `verdict` is answered, failed (both settled), released or expired.
-- `counted_attempts`: of these, tokens were counted by us; `unpriced_attempts`: booked at a hold for want of a price.
CREATE TABLE usage_days (
  day INTEGER NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  purpose TEXT NOT NULL,
  verdict TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  counted_attempts INTEGER NOT NULL,
  unpriced_attempts INTEGER NOT NULL,
  cost_microusd INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  cache_read_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  PRIMARY KEY (day, provider, model, purpose, verdict)
) WITHOUT ROWID;

CREATE TRIGGER attempts_closed AFTER UPDATE OF state ON attempts
WHEN new.state <> 'held'
BEGIN
  INSERT INTO usage_days VALUES (new.window_day, new.provider, new.model, new.purpose,
    CASE WHEN new.state <> 'settled' THEN new.state WHEN new.outcome = 'ok' THEN 'answered' ELSE 'failed' END,
    1, new.is_estimated, instr(new.flags, 'unpriced') > 0, ifnull(new.cost_microusd, 0),
    new.input_tokens, new.cache_read_tokens, new.cache_write_tokens, new.output_tokens)
  ON CONFLICT DO UPDATE SET
    attempts = attempts + 1,
    counted_attempts = counted_attempts + excluded.counted_attempts,
    unpriced_attempts = unpriced_attempts + excluded.unpriced_attempts,
    cost_microusd = cost_microusd + excluded.cost_microusd,
    input_tokens = input_tokens + excluded.input_tokens,
    cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens,
    cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,
    output_tokens = output_tokens + excluded.output_tokens;
END;

-- Rows that arrive closed: an import.
CREATE TRIGGER attempts_imported AFTER INSERT ON attempts
WHEN new.state <> 'held'
BEGIN
  INSERT INTO usage_days VALUES (new.window_day, new.provider, new.model, new.purpose,
    CASE WHEN new.state <> 'settled' THEN new.state WHEN new.outcome = 'ok' THEN 'answered' ELSE 'failed' END,
    1, new.is_estimated, instr(new.flags, 'unpriced') > 0, ifnull(new.cost_microusd, 0),
    new.input_tokens, new.cache_read_tokens, new.cache_write_tokens, new.output_tokens)
  ON CONFLICT DO UPDATE SET
    attempts = attempts + 1,
    counted_attempts = counted_attempts + excluded.counted_attempts,
    unpriced_attempts = unpriced_attempts + excluded.unpriced_attempts,
    cost_microusd = cost_microusd + excluded.cost_microusd,
    input_tokens = input_tokens + excluded.input_tokens,
    cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens,
    cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,
    output_tokens = output_tokens + excluded.output_tokens;
END;

-- A cost that came after its lease had lapsed: the attempt stops counting as expired.
CREATE TRIGGER attempts_came_late AFTER UPDATE OF state ON attempts
WHEN old.state = 'expired'
BEGIN
  UPDATE usage_days SET attempts = attempts - 1
  WHERE day = old.window_day AND provider = old.provider AND model = old.model AND purpose = old.purpose
    AND verdict = 'expired';
END;

INSERT INTO usage_days
SELECT window_day, provider, model, purpose,
  CASE WHEN state <> 'settled' THEN state WHEN outcome = 'ok' THEN 'answered' ELSE 'failed' END AS verdict,
  count(*), sum(is_estimated), sum(instr(flags, 'unpriced') > 0), sum(ifnull(cost_microusd, 0)),
  sum(input_tokens), sum(cache_read_tokens), sum(cache_write_tokens), sum(output_tokens)
FROM attempts WHERE state <> 'held' GROUP BY 1, 2, 3, 4, 5;

-- The attempts of a decision: `last`, `replay`, and the counterfactual of a call.
CREATE INDEX attempts_by_decision ON attempts (decision_id) WHERE decision_id <> '';
