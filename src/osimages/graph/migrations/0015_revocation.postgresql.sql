-- Tokens that are worth nothing though they have not expired.
CREATE TABLE revocation (
  tenant TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  before BIGINT NOT NULL,
  PRIMARY KEY (tenant, kind, subject)
);
