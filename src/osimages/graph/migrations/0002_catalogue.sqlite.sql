-- The catalogue's facts, each with the sources that it comes from. They belong to the installation, not to a tenant.
CREATE TABLE catalogue_state (
  digest TEXT NOT NULL,
  as_of TEXT NOT NULL,
  complete_until TEXT NOT NULL,
  PRIMARY KEY (digest)
);

CREATE TABLE catalogue_source (
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  what TEXT NOT NULL,
  licence TEXT NOT NULL,
  as_of TEXT NOT NULL,
  PRIMARY KEY (number)
);

CREATE TABLE catalogue_release (
  id TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  product TEXT NOT NULL,
  version TEXT NOT NULL,
  os_build INTEGER NOT NULL,
  general_availability TEXT NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE catalogue_release_source (
  id TEXT NOT NULL,
  source INTEGER NOT NULL,
  PRIMARY KEY (id, source)
) WITHOUT ROWID;

CREATE TABLE catalogue_architecture (
  id TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (id, ordinal)
) WITHOUT ROWID;

CREATE TABLE catalogue_edition (
  id TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  edition_type TEXT NOT NULL,
  support_end_date TEXT NOT NULL,
  servicing TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (id, ordinal)
) WITHOUT ROWID;

CREATE TABLE catalogue_edition_source (
  id TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  source INTEGER NOT NULL,
  PRIMARY KEY (id, ordinal, source)
) WITHOUT ROWID;

CREATE TABLE catalogue_update (
  id TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  build TEXT NOT NULL,
  kb TEXT,
  release_date TEXT,
  kind TEXT NOT NULL,
  is_canonical_b BOOLEAN NOT NULL,
  release_year INTEGER,
  release_month INTEGER,
  label TEXT NOT NULL,
  scope TEXT NOT NULL,
  basis TEXT NOT NULL,
  is_in_msrc BOOLEAN NOT NULL,
  is_expired BOOLEAN NOT NULL,
  PRIMARY KEY (id, ordinal)
) WITHOUT ROWID;

CREATE TABLE catalogue_update_source (
  id TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  source INTEGER NOT NULL,
  PRIMARY KEY (id, ordinal, source)
) WITHOUT ROWID;
