-- The audit: events of changes and of refused requests. Ids ascend with time, so that old events are found by the key.
CREATE TABLE audit_event (
  tenant TEXT COLLATE "C" NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  published BOOLEAN NOT NULL,
  document BYTEA NOT NULL,
  display_name TEXT COLLATE "C",
  component_name TEXT COLLATE "C",
  actor_type TEXT COLLATE "C",
  actor_audit_actor_type TEXT COLLATE "C",
  actor_application_id TEXT COLLATE "C",
  actor_application_display_name TEXT COLLATE "C",
  actor_user_principal_name TEXT COLLATE "C",
  actor_service_principal_name TEXT COLLATE "C",
  actor_ip_address TEXT COLLATE "C",
  actor_user_id TEXT COLLATE "C",
  activity TEXT COLLATE "C",
  activity_date_time BIGINT,
  activity_date_time_offset INTEGER,
  activity_type TEXT COLLATE "C",
  activity_operation_type TEXT COLLATE "C",
  activity_result TEXT COLLATE "C",
  correlation_id TEXT COLLATE "C",
  category TEXT COLLATE "C",
  PRIMARY KEY (tenant, id)
);

CREATE INDEX audit_event_version ON audit_event (tenant, version);

CREATE TABLE audit_event_resource (
  tenant TEXT COLLATE "C" NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  ordinal INTEGER NOT NULL,
  display_name TEXT COLLATE "C",
  type TEXT COLLATE "C",
  resource_id TEXT COLLATE "C",
  PRIMARY KEY (tenant, id, ordinal)
);

CREATE INDEX audit_event_resource_values ON audit_event_resource (tenant, display_name, type, resource_id, id);

CREATE TABLE removed_audit_event (
  tenant TEXT COLLATE "C" NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  removed_at TEXT COLLATE "C" NOT NULL,
  published BOOLEAN DEFAULT false NOT NULL,
  PRIMARY KEY (tenant, id)
);

CREATE INDEX removed_audit_event_version ON removed_audit_event (tenant, version);
