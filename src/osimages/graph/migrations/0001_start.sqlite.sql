-- Images with the items of their collections, tenants, and the keys of this installation.
CREATE TABLE image (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  published BOOLEAN NOT NULL,
  document BLOB NOT NULL,
  PRIMARY KEY (tenant, id)
);

CREATE INDEX image_version ON image (tenant, version);

CREATE TABLE image_architecture (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (tenant, id, ordinal)
) WITHOUT ROWID;

CREATE INDEX image_architecture_values ON image_architecture (tenant, value, id);

CREATE TABLE image_edition (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  edition_type INTEGER NOT NULL,
  support_end_date TEXT NOT NULL,
  PRIMARY KEY (tenant, id, ordinal)
) WITHOUT ROWID;

CREATE INDEX image_edition_values ON image_edition (tenant, edition_type, support_end_date, id);

CREATE TABLE image_update (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  build_version TEXT NOT NULL,
  release_month INTEGER NOT NULL,
  release_year INTEGER NOT NULL,
  PRIMARY KEY (tenant, id, ordinal)
) WITHOUT ROWID;

CREATE INDEX image_update_values ON image_update (tenant, build_version, release_month, release_year, id);

CREATE TABLE removed_image (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  removed_at TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
) WITHOUT ROWID;

CREATE TABLE secret (
  name TEXT NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (name)
);

CREATE TABLE tenant (
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  licensed BOOLEAN NOT NULL,
  catalogue TEXT NOT NULL,
  last_change BIGINT NOT NULL,
  published TEXT NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (tenant)
);

