//! `moduleinfo.json` of a VST3 bundle: what the library would tell a host that loads it, for hosts that would rather read. In Steinberg's
//! format, from the library itself.

use libloading::{Library, Symbol};
use serde::Serialize;
use std::{ffi::c_char, path::Path};
use vst3::{
    ComPtr,
    Steinberg::{
        IPluginFactory, IPluginFactory2, IPluginFactory2Trait, IPluginFactoryTrait, PClassInfo2, PFactoryInfo,
        PFactoryInfo_::FactoryFlags_, kResultOk,
    },
};
use xtask::Failure;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ModuleInfo {
    name: String,
    version: String,
    #[serde(rename = "Factory Info")]
    factory: FactoryInfo,
    /// Classes that these ones replace: none yet.
    compatibility: [(); 0],
    classes: Vec<Class>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FactoryInfo {
    vendor: String,
    #[serde(rename = "URL")]
    url: String,
    #[serde(rename = "E-Mail")]
    email: String,
    flags: Flags,
}

#[derive(Serialize)]
struct Flags {
    #[serde(rename = "Unicode")]
    unicode: bool,
    #[serde(rename = "Classes Discardable")]
    classes_discardable: bool,
    #[serde(rename = "Component Non Discardable")]
    component_non_discardable: bool,
}

#[derive(Serialize)]
struct Class {
    #[serde(rename = "CID")]
    cid: String,
    #[serde(rename = "Category")]
    category: String,
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Vendor")]
    vendor: String,
    #[serde(rename = "Version")]
    version: String,
    #[serde(rename = "SDKVersion")]
    sdk_version: String,
    #[serde(rename = "Sub Categories")]
    sub_categories: Vec<String>,
    #[serde(rename = "Class Flags")]
    flags: u32,
    #[serde(rename = "Cardinality")]
    cardinality: i32,
    /// Pictures of the window: none.
    #[serde(rename = "Snapshots")]
    snapshots: [(); 0],
}

/// The JSON text for the VST3 library at `path`.
///
/// # Errors
/// When it is not a VST3 library, or offers no class.
pub fn of(path: &Path) -> Result<String, Failure> {
    let info = read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(serde_json::to_string_pretty(&info)? + "\n")
}

/// How a VST3 library introduces one of its plugins.
pub struct Identity {
    /// 32 hexadecimal digits.
    pub class_id: String,
    /// The plugin's name.
    pub name: String,
    /// Its maker.
    pub vendor: String,
    /// Its sub-categories, with `|` between them.
    pub categories: String,
}

impl Identity {
    /// All of the library at `path`.
    ///
    /// # Errors
    /// As [`of`].
    pub fn all_of(path: &Path) -> Result<Vec<Self>, Failure> {
        let info = read(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let identity = |Class { cid, name, vendor, sub_categories, .. }| Self {
            class_id: cid,
            name,
            vendor,
            categories: sub_categories.join("|"),
        };
        Ok(info.classes.into_iter().map(identity).collect())
    }
}

fn read(path: &Path) -> Result<ModuleInfo, Failure> {
    // SAFETY: the library was built from this workspace a moment ago; what runs when it loads is the runtime of Rust.
    let library = unsafe { Library::new(path)? };
    // SAFETY: every VST3 library exports this function with this signature.
    let factory = unsafe {
        let get: Symbol<'_, unsafe extern "system" fn() -> *mut IPluginFactory> = library.get(b"GetPluginFactory")?;
        ComPtr::from_raw(get()).ok_or("it has no factory")?
    };
    let factory: ComPtr<IPluginFactory2> = factory.cast().ok_or("its factory tells too little of its classes")?;

    // SAFETY: plain C structures of numbers and characters, for which zeroes are valid.
    let mut info: PFactoryInfo = unsafe { std::mem::zeroed() };
    // SAFETY: the factory is alive, and so is the structure it fills.
    if unsafe { factory.getFactoryInfo(&mut info) } != kResultOk {
        return Err("its factory does not introduce itself".into());
    }
    // SAFETY: the factory is alive.
    let classes = (0..unsafe { factory.countClasses() }).map(|n| {
        // SAFETY: as above.
        let mut class: PClassInfo2 = unsafe { std::mem::zeroed() };
        // SAFETY: as above.
        match unsafe { factory.getClassInfo2(n, &mut class) } {
            result if result == kResultOk => Ok(describe(&class)),
            _ => Err(Failure::from(format!("its class {n} does not introduce itself"))),
        }
    });
    let classes = classes.collect::<Result<Vec<_>, _>>()?;
    let first = classes.first().ok_or("it has no classes")?;
    let flag = |flag| info.flags & i32::try_from(flag).expect("a flag is a small number") != 0;
    Ok(ModuleInfo {
        name: first.name.clone(),
        version: first.version.clone(),
        factory: FactoryInfo {
            vendor: text(&info.vendor),
            url: text(&info.url),
            email: text(&info.email),
            flags: Flags {
                unicode: flag(FactoryFlags_::kUnicode),
                classes_discardable: flag(FactoryFlags_::kClassesDiscardable),
                component_non_discardable: flag(FactoryFlags_::kComponentNonDiscardable),
            },
        },
        compatibility: [],
        classes,
    })
}

fn describe(class: &PClassInfo2) -> Class {
    let mut cid = class.cid.map(|b| b as u8);
    if cfg!(windows) {
        // There, a class id in memory is a GUID: its first numbers are little-endian, and the text is the same on all systems.
        cid[..4].reverse();
        cid[4..6].reverse();
        cid[6..8].reverse();
    }
    Class {
        cid: cid.iter().map(|b| format!("{b:02X}")).collect(),
        category: text(&class.category),
        name: text(&class.name),
        vendor: text(&class.vendor),
        version: text(&class.version),
        sdk_version: text(&class.sdkVersion),
        sub_categories: text(&class.subCategories).split('|').filter(|s| !s.is_empty()).map(str::to_owned).collect(),
        flags: class.classFlags,
        cardinality: class.cardinality,
        snapshots: [],
    }
}

/// A C text in a field of fixed length.
fn text(field: &[c_char]) -> String {
    let bytes: Vec<u8> = field.iter().map(|c| *c as u8).take_while(|b| *b != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
