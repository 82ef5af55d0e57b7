//! Nothing but a list of dependencies, in `Cargo.toml`: so that no crate of others is compiled twice.
