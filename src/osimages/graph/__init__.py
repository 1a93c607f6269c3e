"""Microsoft Graph as a client sees it: one client for every command that reads or changes a tenant through Graph."""
