"""The database: stores that own their tables, guards and migrations. Knows domain and finance, not Flask."""
