-- What publishing took away may be published again, unlike what a tenant removed; both are told to who asks for changes.
ALTER TABLE removed_image ADD COLUMN published BOOLEAN NOT NULL DEFAULT FALSE;

CREATE INDEX removed_image_version ON removed_image (tenant, version);
