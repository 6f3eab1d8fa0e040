"""Is the data exchange well? Decisions without a database: lights and causes of alarm."""
