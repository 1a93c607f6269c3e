-- What the sources of the catalogue say, each with when they said it first and last; and how asking them went.
CREATE TABLE catalogue_claim (
  source TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  document TEXT NOT NULL,
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL,
  PRIMARY KEY (source, ordinal)
);

CREATE TABLE catalogue_fetch (
  source TEXT NOT NULL,
  origin TEXT,
  state TEXT NOT NULL,
  detail TEXT NOT NULL,
  asked_at TEXT NOT NULL,
  read_at TEXT,
  claims INTEGER NOT NULL,
  PRIMARY KEY (source)
);

-- The choices of people with which the facts were last merged: one row, or none.
CREATE TABLE catalogue_overrides (
  number INTEGER NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (number)
);
