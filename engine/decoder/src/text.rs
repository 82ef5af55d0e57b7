//! Texts from strangers, shown to people.

/// Whether a terminal or a window may obey `c` instead of showing it: control characters (C0, DEL and C1), which begin escape sequences, and
/// those that turn the direction of writing over, so that a name reads as another.
pub fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Puts a space in the place of each character that [`is_control`].
pub(crate) fn clean(text: &mut String) {
    if text.contains(is_control) {
        *text = text.chars().map(|c| if is_control(c) { ' ' } else { c }).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_shown_is_left() {
        let mut text = String::from("a\u{1b}]0;b\u{7}c\n\u{9b}d\u{7f}\u{202e}e\u{2066}é 音 \u{1f3b7}");
        clean(&mut text);
        assert_eq!(text, "a ]0;b c  d  e é 音 \u{1f3b7}");
    }
}
