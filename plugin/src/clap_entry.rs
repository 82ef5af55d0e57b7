//! What hosts find in the CLAP: the plugin as the framework offers it, and with it the presets, which the framework does not offer. The
//! preset discovery factory tells the host's browser which presets there are, the factory's and the player's files; the extension
//! `preset-load` plays one of them, as a state that the host loads. Main thread, but for asking for extensions, which any may.

use crate::{FromKeys, FromVoice, Plug, Product, Syrinx, clap_instance, hosted::guard, presets, source::Source};
use clap_sys::{
    entry::clap_plugin_entry,
    factory::{
        plugin_factory::{CLAP_PLUGIN_FACTORY_ID, clap_plugin_factory},
        preset_discovery::*,
    },
    host::clap_host,
    plugin::{clap_plugin, clap_plugin_descriptor},
    universal_plugin_id::clap_universal_plugin_id,
    version::CLAP_VERSION,
};
use nice_plug::wrapper::{clap::PluginDescriptor, setup_logger};
use presets::Preset;
use std::{
    ffi::{CStr, CString, c_char, c_void},
    path::{Path, PathBuf},
    ptr,
    sync::OnceLock,
};

/// The entry point.
#[unsafe(no_mangle)]
#[used]
#[allow(non_upper_case_globals)]
pub static clap_entry: clap_plugin_entry =
    clap_plugin_entry { clap_version: CLAP_VERSION, init: Some(init), deinit: Some(deinit), get_factory: Some(get_factory) };

static PLUGINS: clap_plugin_factory = clap_plugin_factory {
    get_plugin_count: Some(plugin_count),
    get_plugin_descriptor: Some(plugin_descriptor),
    create_plugin: Some(create_plugin),
};

static DISCOVERY: clap_preset_discovery_factory =
    clap_preset_discovery_factory { count: Some(provider_count), get_descriptor: Some(provider), create: Some(create_provider) };

const PROVIDER_ID: &CStr = c"org.syrinx.presets";
const NAME: &CStr = c"Syrinx";

static PROVIDER: clap_preset_discovery_provider_descriptor = clap_preset_discovery_provider_descriptor {
    clap_version: CLAP_VERSION,
    id: PROVIDER_ID.as_ptr(),
    name: NAME.as_ptr(),
    vendor: NAME.as_ptr(),
};

unsafe extern "C" fn init(_: *const c_char) -> bool {
    setup_logger::<Syrinx>();
    true
}

unsafe extern "C" fn deinit() {}

/// A text of the host's.
///
/// # Safety
/// It is null or ends in a zero, and stays.
pub unsafe fn text<'a>(text: *const c_char) -> Option<&'a CStr> {
    // SAFETY: by this function's own contract.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })
}

/// A text for the host.
pub fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', "")).expect("there are no zeroes in it")
}

unsafe extern "C" fn get_factory(id: *const c_char) -> *const c_void {
    // SAFETY: hosts give a text.
    let Some(id) = (unsafe { text(id) }) else { return ptr::null() };
    if id == CLAP_PLUGIN_FACTORY_ID {
        (&raw const PLUGINS).cast()
    } else if id == CLAP_PRESET_DISCOVERY_FACTORY_ID || id == CLAP_PRESET_DISCOVERY_FACTORY_ID_COMPAT {
        (&raw const DISCOVERY).cast()
    } else {
        ptr::null()
    }
}

// ---- The plugins.

/// One that is offered.
struct OfferedPlugin {
    source: Source,
    descriptor: PluginDescriptor,
    create: unsafe fn(*const clap_host) -> *const clap_plugin,
}

fn offer<P: Product>() -> OfferedPlugin {
    OfferedPlugin { source: P::SOURCE, descriptor: PluginDescriptor::for_plugin::<Plug<P>>(), create: clap_instance::create::<P> }
}

fn offered() -> &'static [OfferedPlugin] {
    static OFFERED: OnceLock<[OfferedPlugin; 2]> = OnceLock::new();
    OFFERED.get_or_init(|| [offer::<FromVoice>(), offer::<FromKeys>()])
}

unsafe extern "C" fn plugin_count(_: *const clap_plugin_factory) -> u32 {
    offered().len() as u32
}

unsafe extern "C" fn plugin_descriptor(_: *const clap_plugin_factory, at: u32) -> *const clap_plugin_descriptor {
    offered().get(at as usize).map_or(ptr::null(), |plugin| plugin.descriptor.clap_plugin_descriptor())
}

unsafe extern "C" fn create_plugin(
    _: *const clap_plugin_factory,
    host: *const clap_host,
    id: *const c_char,
) -> *const clap_plugin {
    // SAFETY: hosts give a text.
    let id = unsafe { text(id) };
    let Some(plugin) = offered().iter().find(|plugin| Some(plugin.descriptor.clap_id()) == id) else { return ptr::null() };
    // SAFETY: the host outlives its plugins.
    guard(ptr::null(), || unsafe { (plugin.create)(host) })
}

// ---- Presets.

/// The preset at a location for who plays from `source`, or a sentence.
pub fn chosen(
    source: Source,
    kind: clap_preset_discovery_location_kind,
    place: Option<&CStr>,
    name: Option<&CStr>,
) -> Result<Preset, String> {
    match (kind, place, name) {
        (CLAP_PRESET_DISCOVERY_LOCATION_PLUGIN, _, Some(name)) => {
            let name = name.to_string_lossy();
            let found = presets::factory(source).iter().find(|preset| preset.name == name);
            found.cloned().ok_or_else(|| format!("{} has no preset {name:?}.", source.product()))
        }
        (CLAP_PRESET_DISCOVERY_LOCATION_FILE, Some(path), _) => Preset::from_file(Path::new(path.to_string_lossy().as_ref())),
        _ => Err("The host names no preset.".into()),
    }
}

unsafe extern "C" fn provider_count(_: *const clap_preset_discovery_factory) -> u32 {
    1
}

unsafe extern "C" fn provider(
    _: *const clap_preset_discovery_factory,
    at: u32,
) -> *const clap_preset_discovery_provider_descriptor {
    if at == 0 { &raw const PROVIDER } else { ptr::null() }
}

unsafe extern "C" fn create_provider(
    _: *const clap_preset_discovery_factory,
    indexer: *const clap_preset_discovery_indexer,
    id: *const c_char,
) -> *const clap_preset_discovery_provider {
    // SAFETY: hosts give a text.
    if unsafe { text(id) } != Some(PROVIDER_ID) {
        return ptr::null();
    }
    Box::into_raw(Box::new(clap_preset_discovery_provider {
        desc: &raw const PROVIDER,
        provider_data: indexer.cast_mut().cast(),
        init: Some(declare),
        destroy: Some(destroy_provider),
        get_metadata: Some(tell),
        get_extension: Some(provider_extension),
    }))
}

unsafe extern "C" fn destroy_provider(provider: *const clap_preset_discovery_provider) {
    // SAFETY: hosts destroy a provider of ours, once.
    drop(unsafe { Box::from_raw(provider.cast_mut()) });
}

unsafe extern "C" fn provider_extension(_: *const clap_preset_discovery_provider, _: *const c_char) -> *const c_void {
    ptr::null()
}

/// Where the player's presets are, if there are any.
fn user_folder() -> Option<PathBuf> {
    #[cfg(feature = "editor")]
    return crate::editor::files::Home::of_player().map(|home| home.presets).filter(|folder| folder.is_dir());
    #[cfg(not(feature = "editor"))]
    None
}

/// Says where presets are, and what their files are.
unsafe extern "C" fn declare(provider: *const clap_preset_discovery_provider) -> bool {
    let extension = c_text(presets::EXTENSION);
    let files = clap_preset_discovery_filetype {
        name: c"Syrinx preset".as_ptr(),
        description: c"A sound of Syrinx".as_ptr(),
        file_extension: extension.as_ptr(),
    };
    let own = clap_preset_discovery_location {
        flags: CLAP_PRESET_DISCOVERY_IS_FACTORY_CONTENT,
        name: NAME.as_ptr(),
        kind: CLAP_PRESET_DISCOVERY_LOCATION_PLUGIN,
        location: ptr::null(),
    };
    let folder = user_folder().map(|folder| c_text(&folder.to_string_lossy()));
    // SAFETY: the indexer is the host's, which keeps it until the provider is destroyed; texts stay until the calls are over.
    unsafe {
        let indexer: *const clap_preset_discovery_indexer = (*provider).provider_data.cast();
        let (Some(filetype), Some(location)) = ((*indexer).declare_filetype, (*indexer).declare_location) else { return false };
        let mut done = filetype(indexer, &files) && location(indexer, &own);
        if let Some(folder) = &folder {
            let users = clap_preset_discovery_location {
                flags: CLAP_PRESET_DISCOVERY_IS_USER_CONTENT,
                name: c"Syrinx, your own".as_ptr(),
                kind: CLAP_PRESET_DISCOVERY_LOCATION_FILE,
                location: folder.as_ptr(),
            };
            done &= location(indexer, &users);
        }
        done
    }
}

/// The factory's presets of all plugins.
fn all_factory() -> impl Iterator<Item = &'static Preset> {
    Source::BOTH.into_iter().flat_map(presets::factory)
}

/// Tells of the presets at a location.
unsafe extern "C" fn tell(
    _: *const clap_preset_discovery_provider,
    kind: clap_preset_discovery_location_kind,
    location: *const c_char,
    receiver: *const clap_preset_discovery_metadata_receiver,
) -> bool {
    if kind == CLAP_PRESET_DISCOVERY_LOCATION_PLUGIN {
        // SAFETY: the receiver is the host's, which keeps it until the call is over.
        return all_factory().all(|preset| unsafe { describe(preset, Some(&preset.name), receiver) });
    }
    // SAFETY: hosts give a text.
    let place = unsafe { text(location) };
    let read = match (kind, place) {
        (CLAP_PRESET_DISCOVERY_LOCATION_FILE, Some(path)) => Preset::from_file(Path::new(path.to_string_lossy().as_ref())),
        _ => Err("The host names no preset.".into()),
    };
    match read {
        // SAFETY: as above.
        Ok(preset) => unsafe { describe(&preset, None, receiver) },
        Err(why) => {
            // SAFETY: as above; the sentence stays until the call is over.
            unsafe {
                if let Some(on_error) = (*receiver).on_error {
                    on_error(receiver, 0, c_text(&why).as_ptr());
                }
            }
            false
        }
    }
}

/// Tells of one preset; `key` is what finds it where there are several.
///
/// # Safety
/// The receiver is alive.
unsafe fn describe(preset: &Preset, key: Option<&str>, receiver: *const clap_preset_discovery_metadata_receiver) -> bool {
    let (name, about, group) = (c_text(&preset.name), c_text(&preset.about), c_text(&preset.group));
    let key = key.map(c_text);
    let Some(plugin) = offered().iter().find(|plugin| plugin.source == preset.source) else { return false };
    let plugin = clap_universal_plugin_id { abi: c"clap".as_ptr(), id: plugin.descriptor.clap_id().as_ptr() };
    let flags = match &preset.file {
        Some(_) => CLAP_PRESET_DISCOVERY_IS_USER_CONTENT,
        None => CLAP_PRESET_DISCOVERY_IS_FACTORY_CONTENT,
    };
    // SAFETY: the receiver is alive, and all texts are until the calls are over.
    unsafe {
        let to = *receiver;
        let Some(begin) = to.begin_preset else { return false };
        if !begin(receiver, name.as_ptr(), key.as_ref().map_or(ptr::null(), |key| key.as_ptr())) {
            return false;
        }
        if let Some(add) = to.add_plugin_id {
            add(receiver, &plugin);
        }
        if let Some(set) = to.set_flags {
            set(receiver, flags);
        }
        if let (Some(add), None) = (to.add_creator, &preset.file) {
            add(receiver, NAME.as_ptr());
        }
        if let (Some(set), false) = (to.set_description, preset.about.is_empty()) {
            set(receiver, about.as_ptr());
        }
        if let Some(add) = to.add_feature {
            add(receiver, group.as_ptr());
        }
    }
    true
}
