-- The catalogue's facts, each with the sources that it comes from. They belong to the installation, not to a tenant.
CREATE TABLE catalogue_state (
  digest TEXT COLLATE "C" NOT NULL,
  as_of TEXT COLLATE "C" NOT NULL,
  complete_until TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (digest)
);

CREATE TABLE catalogue_source (
  number INTEGER NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  what TEXT COLLATE "C" NOT NULL,
  licence TEXT COLLATE "C" NOT NULL,
  as_of TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (number)
);

CREATE TABLE catalogue_release (
  id TEXT COLLATE "C" NOT NULL,
  ordinal INTEGER NOT NULL,
  product TEXT COLLATE "C" NOT NULL,
  version TEXT COLLATE "C" NOT NULL,
  os_build INTEGER NOT NULL,
  general_availability TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE catalogue_release_source (
  id TEXT COLLATE "C" NOT NULL,
  source INTEGER NOT NULL,
  PRIMARY KEY (id, source)
);

CREATE TABLE catalogue_architecture (
  id TEXT COLLATE "C" NOT NULL,
  ordinal INTEGER NOT NULL,
  value TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (id, ordinal)
);

CREATE TABLE catalogue_edition (
  id TEXT COLLATE "C" NOT NULL,
  ordinal INTEGER NOT NULL,
  edition_type TEXT COLLATE "C" NOT NULL,
  support_end_date TEXT COLLATE "C" NOT NULL,
  servicing TEXT COLLATE "C" NOT NULL,
  note TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (id, ordinal)
);

CREATE TABLE catalogue_edition_source (
  id TEXT COLLATE "C" NOT NULL,
  ordinal INTEGER NOT NULL,
  source INTEGER NOT NULL,
  PRIMARY KEY (id, ordinal, source)
);

CREATE TABLE catalogue_update (
  id TEXT COLLATE "C" NOT NULL,
  ordinal INTEGER NOT NULL,
  build TEXT COLLATE "C" NOT NULL,
  kb TEXT COLLATE "C",
  release_date TEXT COLLATE "C",
  kind TEXT COLLATE "C" NOT NULL,
  is_canonical_b BOOLEAN NOT NULL,
  release_year INTEGER,
  release_month INTEGER,
  label TEXT COLLATE "C" NOT NULL,
  scope TEXT COLLATE "C" NOT NULL,
  basis TEXT COLLATE "C" NOT NULL,
  is_in_msrc BOOLEAN NOT NULL,
  is_expired BOOLEAN NOT NULL,
  PRIMARY KEY (id, ordinal)
);

CREATE TABLE catalogue_update_source (
  id TEXT COLLATE "C" NOT NULL,
  ordinal INTEGER NOT NULL,
  source INTEGER NOT NULL,
  PRIMARY KEY (id, ordinal, source)
);
