//! The long forms of tests.

/// Whether tests are to try everything, as a release has to, and not a choice of it: `cargo xtask test --long`.
pub fn in_long_form() -> bool {
    std::env::var_os("SYRINX_LONG").is_some_and(|value| value == "1")
}
