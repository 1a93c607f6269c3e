-- The audit: events of changes and of refused requests. Ids ascend with time, so that old events are found by the key.
CREATE TABLE audit_event (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  published BOOLEAN NOT NULL,
  document BLOB NOT NULL,
  display_name TEXT,
  component_name TEXT,
  actor_type TEXT,
  actor_audit_actor_type TEXT,
  actor_application_id TEXT,
  actor_application_display_name TEXT,
  actor_user_principal_name TEXT,
  actor_service_principal_name TEXT,
  actor_ip_address TEXT,
  actor_user_id TEXT,
  activity TEXT,
  activity_date_time BIGINT,
  activity_date_time_offset INTEGER,
  activity_type TEXT,
  activity_operation_type TEXT,
  activity_result TEXT,
  correlation_id TEXT,
  category TEXT,
  PRIMARY KEY (tenant, id)
);

CREATE INDEX audit_event_version ON audit_event (tenant, version);

CREATE TABLE audit_event_resource (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  display_name TEXT,
  type TEXT,
  resource_id TEXT,
  PRIMARY KEY (tenant, id, ordinal)
)
 WITHOUT ROWID;

CREATE INDEX audit_event_resource_values ON audit_event_resource (tenant, display_name, type, resource_id, id);

CREATE TABLE removed_audit_event (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  removed_at TEXT NOT NULL,
  published BOOLEAN DEFAULT 0 NOT NULL,
  PRIMARY KEY (tenant, id)
)
 WITHOUT ROWID;

CREATE INDEX removed_audit_event_version ON removed_audit_event (tenant, version);
