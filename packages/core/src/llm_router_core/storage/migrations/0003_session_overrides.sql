-- Settings for one session, by `llm-router profile NAME --session`. `session` is a hash. Retention: 30 days.
CREATE TABLE session_overrides (
  session TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  set_ms INTEGER NOT NULL,
  PRIMARY KEY (session, name)
) WITHOUT ROWID;
