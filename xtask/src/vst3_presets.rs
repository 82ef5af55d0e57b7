//! The factory's presets as files that VST3 hosts list: `.vstpreset`, in Steinberg's format, from the library itself.

use crate::module_info::Identity;
use libloading::{Library, Symbol};
use serde::Deserialize;
use std::{
    ffi::{CStr, c_char},
    fs,
    path::Path,
};
use xtask::Failure;

/// How the files end.
const EXTENSION: &str = "vstpreset";
/// Bytes before the first chunk: the mark, the version, the class and the place of the list.
const HEADER: usize = 4 + 4 + 32 + 8;

/// A preset as the library hands it out.
#[derive(Deserialize)]
struct Preset {
    /// The plugin that it is for.
    plugin: String,
    name: String,
    group: String,
    about: String,
    /// What the plugin would save with this preset in force.
    state: String,
}

/// Writes the presets of the library at `path` into `folder`, in a folder for each plugin.
///
/// # Errors
/// When the library has none, or the folder cannot be written to.
pub fn write(path: &Path, folder: &Path) -> Result<(), Failure> {
    let plugins = Identity::all_of(path)?;
    let presets = read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    for preset in presets {
        let plugin = plugins.iter().find(|plugin| plugin.name == preset.plugin);
        let plugin = plugin.ok_or_else(|| format!("{} has no plugin {:?}", path.display(), preset.plugin))?;
        let folder = folder.join(&plugin.name);
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let file = folder.join(format!("{}.{EXTENSION}", preset.name));
        fs::write(&file, file_of(plugin, &preset)).map_err(|e| format!("{}: {e}", file.display()))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<Preset>, Failure> {
    // SAFETY: the library was built from this workspace a moment ago; what runs when it loads is the runtime of Rust.
    let library = unsafe { Library::new(path)? };
    // SAFETY: the plugin exports this function with this signature; its text stays until the library is closed.
    let text = unsafe {
        let get: Symbol<'_, extern "C" fn() -> *const c_char> = library.get(b"syrinx_factory_presets")?;
        CStr::from_ptr(get()).to_bytes()
    };
    Ok(serde_json::from_slice(text)?)
}

/// One file: a header, the component's state, what a host's browser shows, and the list of these two chunks.
fn file_of(plugin: &Identity, preset: &Preset) -> Vec<u8> {
    let info = info(plugin, preset);
    let chunks = [(b"Comp", preset.state.as_bytes()), (b"Info", info.as_bytes())];
    let list = HEADER + chunks.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    let mut file = Vec::with_capacity(list + 64);
    file.extend(b"VST3");
    file.extend(1_i32.to_le_bytes());
    file.extend(plugin.class_id.as_bytes());
    file.extend((list as i64).to_le_bytes());
    chunks.iter().for_each(|(_, bytes)| file.extend(*bytes));
    file.extend(b"List");
    file.extend((chunks.len() as i32).to_le_bytes());
    let mut at = HEADER;
    for (name, bytes) in chunks {
        file.extend(name);
        file.extend((at as i64).to_le_bytes());
        file.extend((bytes.len() as i64).to_le_bytes());
        at += bytes.len();
    }
    file
}

/// What hosts sort presets by and show beside them, as XML.
fn info(plugin: &Identity, preset: &Preset) -> String {
    let attribute = |id: &str, value: &str| {
        let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        format!("\t<Attribute id=\"{id}\" value=\"{value}\" type=\"string\" flags=\"\"/>\n")
    };
    let all = [
        attribute("MediaType", "VstPreset"),
        attribute("Name", &preset.name),
        attribute("PlugInName", &plugin.name),
        attribute("PlugInVendor", &plugin.vendor),
        attribute("PlugInCategory", &plugin.categories),
        attribute("MusicalStyle", &preset.group),
        attribute("Comment", &preset.about),
    ];
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<MetaInfo>\n{}</MetaInfo>\n", all.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chunk_is_where_the_list_says() {
        let plugin =
            Identity { class_id: "0123456789ABCDEF".repeat(2), name: "S".into(), vendor: "V".into(), categories: "Fx".into() };
        let preset =
            Preset { plugin: "S".into(), name: "A & \"B\"".into(), group: "G".into(), about: "1 < 2".into(), state: "{}".into() };
        let file = file_of(&plugin, &preset);
        let number = |at: usize| i64::from_le_bytes(file[at..at + 8].try_into().unwrap()) as usize;
        assert_eq!((&file[..4], &file[8..40]), (&b"VST3"[..], plugin.class_id.as_bytes()));
        let list = number(40);
        assert_eq!((&file[list..list + 4], file[list + 4], file.len()), (&b"List"[..], 2, list + 8 + 2 * 20));
        let chunk = |n: usize| {
            let entry = list + 8 + 20 * n;
            (&file[entry..entry + 4], &file[number(entry + 4)..][..number(entry + 12)])
        };
        assert_eq!(chunk(0), (&b"Comp"[..], &b"{}"[..]));
        let (name, info) = chunk(1);
        assert_eq!(name, b"Info");
        assert!(String::from_utf8_lossy(info).contains("value=\"A &amp; &quot;B&quot;\""));
    }
}
