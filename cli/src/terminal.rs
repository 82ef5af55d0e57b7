//! The one door to the terminal. `print!`, `println!` and `eprintln!` of this program are those below: whatever a stranger put into a card or a
//! file's name is shown and not obeyed, and a reader who has enough (`| head`) ends nothing.

use crate::common::Failure;
use serde::Serialize;
use std::{
    fmt::Write as _,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};
use syrinx_decoder::is_control;
use syrinx_file::WriteError;

macro_rules! print {
    ($($text:tt)*) => { $crate::terminal::out(&format!($($text)*)) };
}

macro_rules! println {
    ($($text:tt)*) => { $crate::terminal::out(&(format!($($text)*) + "\n")) };
}

macro_rules! eprintln {
    ($($text:tt)*) => { $crate::terminal::err(&format!($($text)*)) };
}

/// Why standard output takes no more, from the first time on.
static CLOSED: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints lines of text.
pub fn out(text: &str) {
    let mut closed = CLOSED.lock().unwrap_or_else(PoisonError::into_inner);
    if closed.is_none() {
        *closed = io::stdout().write_all(harmless(text).as_bytes()).err();
    }
}

/// Prints a line to standard error. When that is closed there is nobody left to tell.
pub fn err(line: &str) {
    let _ = writeln!(io::stderr(), "{}", harmless(line));
}

/// Prints a value as JSON. What a terminal could obey is escaped, so the value stays what it is.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let mut text = String::new();
    for c in serde_json::to_string_pretty(value)?.chars() {
        if is_control(c) && c != '\n' {
            // All of them have four digits.
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text.push('\n');
    out(&text);
    Ok(())
}

/// Ends the output: whether all of it was taken.
pub fn finish() -> Result<(), Failure> {
    let mut closed = CLOSED.lock().unwrap_or_else(PoisonError::into_inner);
    match closed.take().map_or_else(|| io::stdout().flush(), Err) {
        Ok(()) => Ok(()),
        Err(reason) => Err(WriteError { path: "standard output".into(), reason }.into()),
    }
}

/// A text as one line.
pub fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}

fn harmless(text: &str) -> String {
    text.chars().map(|c| if is_control(c) && c != '\n' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_shown_and_not_obeyed() {
        assert_eq!(harmless("a\u{1b}]0;b\u{7}\nc\u{202e}d"), "a\u{fffd}]0;b\u{fffd}\nc\u{fffd}d");
        assert_eq!(one_line("a\nb"), "a b");
    }
}
