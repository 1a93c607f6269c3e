-- Publishing looks for what is published of a tenant, which may have very many images of its own beside.
CREATE INDEX image_published ON image (tenant, id) WHERE published = 1;
CREATE INDEX audit_event_published ON audit_event (tenant, id) WHERE published = 1;
