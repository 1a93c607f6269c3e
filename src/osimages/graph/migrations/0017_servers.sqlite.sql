-- Releases of Windows Server and HoloLens beside the client releases, and what a release has beside editions and updates
-- (support groups, ESU, hotpatch months, updates without a build) as one document: nothing queries its parts.
ALTER TABLE catalogue_release ADD COLUMN family TEXT NOT NULL DEFAULT 'client';
ALTER TABLE catalogue_release ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
ALTER TABLE catalogue_state ADD COLUMN servers_complete_until TEXT;
-- The day of the shipped facts that the facts were merged from; empty for those of older releases of osimages.
ALTER TABLE catalogue_state ADD COLUMN shipped_as_of TEXT NOT NULL DEFAULT '';
