//! The database: schema, migrations, one writer, queries by table.
//!
//! Owns the SQLite file. May use `site` and `clock`. Decides nothing; every rule about what may be
//! written when is the desk's and the gate's.
