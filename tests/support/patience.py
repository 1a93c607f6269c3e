"""The one limit of everything that tests wait for: it only keeps a test that fails from waiting for ever."""

# Far longer than anything takes, also on a machine that does much else.
PATIENCE_SECONDS = 300
