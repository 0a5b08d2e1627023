"""Where the rows lie: an SQLite file or a PostgreSQL schema, one driver at a time, and schemas brought up to date."""
