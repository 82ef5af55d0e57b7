//! Names of presets as names of files: in signs that every system allows, without those that Windows keeps for itself, and short enough
//! for any disk.

/// Most bytes of a file's name, without its extension and a number.
const MOST_BYTES: usize = 200;
/// Names that are devices on Windows, whatever comes after a point.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// The name of a file, without its extension, for a preset called `name`.
fn stem(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || " -_.,()[]{}+&'#!=@~%^$;`".contains(c) { c } else { '_' };
    let mut stem: String = name.chars().map(plain).collect();
    while stem.len() > MOST_BYTES {
        stem.pop();
    }
    // Windows drops these at the end, and elsewhere a point at the beginning hides a file.
    if stem.ends_with(['.', ' ']) {
        stem.push('_');
    }
    if stem.starts_with(['.', ' ']) || is_device(&stem) {
        stem.insert(0, '_');
    }
    stem
}

fn is_device(stem: &str) -> bool {
    let first = stem.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let (name, number) = first.split_at(first.char_indices().nth(3).map_or(first.len(), |(at, _)| at));
    let numbered = matches!(name, "com" | "lpt");
    DEVICES.contains(&name) && if numbered { number.chars().count() == 1 } else { number.is_empty() }
}

/// Names of files for a preset called `name`: the first that no other preset has is its.
pub fn candidates(name: &str) -> impl Iterator<Item = String> {
    let stem = stem(name);
    std::iter::once(stem.clone()).chain((2_u32..).map(move |n| format!("{stem}~{n}")))
}

/// Whether a file of this name was made for a preset called `name`.
pub fn is_of(file: &str, name: &str) -> bool {
    !name.is_empty()
        && file.strip_prefix(&stem(name)).is_some_and(|rest| {
            rest.is_empty() || rest.strip_prefix('~').is_some_and(|number| number.parse::<u32>().is_ok_and(|n| n >= 2))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_files_that_every_system_takes() {
        for (name, file) in [
            ("My flute", "My flute"),
            ("Sax #2: F# lead", "Sax #2_ F# lead"),
            ("../escape", "_.._escape"),
            ("a\\b<c>d|e\"f", "a_b_c_d_e_f"),
            ("Con", "_Con"),
            ("nul.txt", "_nul.txt"),
            ("COM1", "_COM1"),
            ("lpt¹", "_lpt¹"),
            ("Comet", "Comet"),
            ("console", "console"),
            ("end. ", "end. _"),
            ("...", "_..._"),
        ] {
            assert_eq!(stem(name), file, "{name:?}");
            assert!(is_of(file, name) && is_of(&format!("{file}~2"), name) && !is_of(&format!("{file} 2"), name));
        }
        assert!(stem(&"ü".repeat(300)).len() <= MOST_BYTES);
        assert!(!is_of("My flute", "") && !is_of("My flute", "Another"));
        assert_eq!(candidates("a/b").take(3).collect::<Vec<_>>(), ["a_b", "a_b~2", "a_b~3"]);
    }
}
