//! Keeps the plugin in memory once a host has loaded it. Threads of the host that have called into the plugin run clean-up code of its
//! runtime when they end, and some end after the host has let the plugin go: code that is gone by then takes the host down.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    if target("FAMILY") == "unix" && target("VENDOR") != "apple" {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
