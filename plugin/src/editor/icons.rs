//! Signs on buttons, and the glyphs of the families of instruments. Drawn, so that they are sharp at every scale.

use super::paint::Icon;
use super::theme::Theme;
use egui::{Color32, Painter, Rect};

/// A sign on a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// To the one before.
    Previous,
    /// To the next.
    Next,
    /// Take back.
    Undo,
    /// Do again.
    Redo,
    /// Credits and scores.
    Info,
    /// A favourite, or not yet.
    Star(bool),
    /// Play the bare voice.
    Power,
    /// How the window looks.
    Menu,
    /// Close.
    Close,
    /// Look.
    Search,
    /// Keep.
    Save,
    /// Opens a list.
    Down,
    /// Write a new name.
    Pencil,
    /// Throw away.
    Bin,
    /// Open a folder.
    Folder,
    /// Look again.
    Again,
    /// Record.
    Record,
    /// Stop.
    Stop,
    /// Play.
    Play,
}

/// Paints a sign.
pub fn sign(painter: &Painter, rect: Rect, sign: Sign, colour: Color32) {
    let icon = Icon::new(painter, rect, colour);
    match sign {
        Sign::Record => icon.dot((12.0, 12.0), 6.5),
        Sign::Stop => icon.fill(&[(6.5, 6.5), (17.5, 6.5), (17.5, 17.5), (6.5, 17.5)]),
        Sign::Play => icon.fill(&[(8.0, 5.5), (18.5, 12.0), (8.0, 18.5)]),
        Sign::Previous => icon.line(&[(14.5, 6.0), (8.5, 12.0), (14.5, 18.0)], 2.0),
        Sign::Next => icon.line(&[(9.5, 6.0), (15.5, 12.0), (9.5, 18.0)], 2.0),
        Sign::Down => icon.line(&[(7.0, 10.0), (12.0, 15.0), (17.0, 10.0)], 2.0),
        Sign::Undo => {
            icon.line(&[(8.5, 5.0), (4.5, 9.0), (8.5, 13.0)], 2.0);
            icon.curve(&[(4.5, 9.0), (13.0, 9.0), (18.5, 11.0), (18.5, 16.5), (13.0, 18.5), (10.0, 18.5)], 2.0);
        }
        Sign::Redo => {
            icon.line(&[(15.5, 5.0), (19.5, 9.0), (15.5, 13.0)], 2.0);
            icon.curve(&[(19.5, 9.0), (11.0, 9.0), (5.5, 11.0), (5.5, 16.5), (11.0, 18.5), (14.0, 18.5)], 2.0);
        }
        Sign::Info => {
            icon.ring((12.0, 12.0), 8.5, 1.6);
            icon.dot((12.0, 8.2), 1.3);
            icon.line(&[(12.0, 11.4), (12.0, 16.2)], 2.0);
        }
        Sign::Star(full) => {
            let points: Vec<(f32, f32)> = (0..=10)
                .map(|n| {
                    let (angle, radius) = (std::f32::consts::PI * n as f32 / 5.0, if n % 2 == 0 { 8.5 } else { 3.7 });
                    (12.0 + radius * angle.sin(), 12.4 - radius * angle.cos())
                })
                .collect();
            if full {
                for n in (0..10).step_by(2) {
                    icon.fill(&[points[n], points[(n + 1) % 10], (12.0, 12.4), points[(n + 9) % 10]]);
                }
            }
            icon.line(&points, 1.5);
        }
        Sign::Power => {
            icon.arc((12.0, 12.8), 7.0, -55.0, 235.0, 2.0);
            icon.line(&[(12.0, 4.0), (12.0, 11.5)], 2.0);
        }
        Sign::Menu => [7.0, 12.0, 17.0].into_iter().for_each(|y| icon.line(&[(5.0, y), (19.0, y)], 1.8)),
        Sign::Close => {
            icon.line(&[(7.0, 7.0), (17.0, 17.0)], 2.0);
            icon.line(&[(17.0, 7.0), (7.0, 17.0)], 2.0);
        }
        Sign::Search => {
            icon.ring((10.5, 10.5), 5.5, 1.8);
            icon.line(&[(14.7, 14.7), (19.0, 19.0)], 2.2);
        }
        Sign::Save => {
            icon.line(&[(12.0, 4.0), (12.0, 14.0)], 2.0);
            icon.line(&[(7.5, 9.8), (12.0, 14.3), (16.5, 9.8)], 2.0);
            icon.line(&[(4.5, 15.0), (4.5, 19.0), (19.5, 19.0), (19.5, 15.0)], 2.0);
        }
        Sign::Pencil => {
            icon.line(&[(5.0, 19.0), (6.2, 14.8), (15.6, 5.4), (18.6, 8.4), (9.2, 17.8), (5.0, 19.0)], 1.6);
        }
        Sign::Bin => {
            icon.line(&[(5.0, 7.0), (19.0, 7.0)], 1.8);
            icon.line(&[(9.5, 7.0), (10.0, 4.5), (14.0, 4.5), (14.5, 7.0)], 1.6);
            icon.line(&[(6.8, 7.0), (7.6, 19.5), (16.4, 19.5), (17.2, 7.0)], 1.8);
        }
        Sign::Folder => {
            icon.line(&[(4.0, 18.5), (4.0, 6.0), (9.5, 6.0), (11.5, 8.5), (20.0, 8.5), (20.0, 18.5), (4.0, 18.5)], 1.8);
        }
        Sign::Again => {
            icon.arc((12.0, 12.0), 7.0, -40.0, 250.0, 2.0);
            icon.line(&[(17.8, 3.6), (17.4, 7.6), (13.4, 7.4)], 2.0);
        }
    }
}

/// The sign of Syrinx: two sides that sound into one, as in the birds' own.
pub fn mark(painter: &Painter, rect: Rect, theme: &Theme) {
    let icon = Icon::new(painter, rect, theme.text);
    icon.line(&[(12.0, 13.0), (12.0, 20.5)], 3.0);
    icon.coloured(theme.voice).curve(&[(4.0, 3.5), (6.2, 8.0), (12.0, 13.0)], 3.0);
    icon.coloured(theme.a).curve(&[(20.0, 3.5), (17.8, 8.0), (12.0, 13.0)], 3.0);
    icon.dot((12.0, 13.0), 1.9);
}

/// The families of instruments as cards name them, in the order in which the window lists them.
pub const FAMILIES: [&str; 11] =
    ["string", "flute", "reed", "brass", "vocal", "keyboard", "organ", "guitar", "bass", "mallet", "synth_lead"];

/// The glyph of a family of instruments, as cards name them.
pub fn family(painter: &Painter, rect: Rect, family: &str, colour: Color32, ground: Color32) {
    let icon = Icon::new(painter, rect, colour);
    let holes = icon.coloured(ground);
    match family {
        "string" => {
            let side = |m: f32| {
                [
                    (0.0, 9.0),
                    (2.4, 9.3),
                    (3.7, 11.2),
                    (3.4, 13.0),
                    (2.6, 14.4),
                    (3.6, 15.6),
                    (4.9, 17.4),
                    (4.5, 20.2),
                    (2.4, 21.7),
                    (0.0, 22.0),
                ]
                .map(|(x, y)| (12.0 + m * x, y))
            };
            icon.curve(&side(1.0), 1.6);
            icon.curve(&side(-1.0), 1.6);
            icon.line(&[(12.0, 3.4), (12.0, 16.8)], 1.6);
            icon.dot((12.0, 2.8), 1.5);
            icon.line(&[(10.6, 17.4), (13.4, 17.4)], 1.4);
            icon.line(&[(17.5, 3.0), (21.0, 19.0)], 1.1);
        }
        "flute" => {
            icon.line(&[(3.6, 20.4), (20.4, 3.6)], 3.4);
            icon.line(&[(16.4, 4.8), (19.2, 7.6)], 1.6);
            for n in 0..4 {
                let at = 6.6 + 2.5 * n as f32;
                holes.dot((at, 24.0 - at), 0.95);
            }
        }
        "brass" => {
            icon.line(&[(2.2, 9.0), (15.0, 9.0)], 1.7);
            icon.curve(&[(15.0, 9.0), (18.4, 8.2), (21.4, 5.0)], 1.7);
            icon.curve(&[(15.0, 9.0), (18.4, 9.8), (21.4, 13.0)], 1.7);
            icon.line(&[(21.4, 5.0), (21.4, 13.0)], 1.7);
            icon.curve(&[(15.0, 9.0), (17.0, 12.6), (14.0, 15.6), (7.0, 15.6), (4.6, 12.4), (7.0, 9.2)], 1.7);
            for x in [8.0, 10.6, 13.2] {
                icon.line(&[(x, 6.0), (x, 18.4)], 1.7);
            }
            icon.line(&[(2.2, 7.6), (2.2, 10.4)], 1.7);
        }
        "reed" => {
            icon.curve(
                &[
                    (5.0, 4.6),
                    (8.0, 3.6),
                    (9.8, 5.4),
                    (10.8, 12.0),
                    (11.6, 18.0),
                    (14.4, 20.8),
                    (17.6, 19.0),
                    (18.4, 14.6),
                    (18.0, 11.0),
                ],
                2.6,
            );
            icon.line(&[(15.2, 11.6), (20.8, 9.8)], 2.0);
            for (x, y) in [(12.6, 9.0), (13.2, 12.2), (13.9, 15.2)] {
                icon.dot((x, y), 1.0);
            }
        }
        "vocal" => {
            icon.line(&[(12.0, 6.0), (12.0, 11.0)], 6.4);
            icon.arc((12.0, 11.0), 6.4, 0.0, 180.0, 1.7);
            icon.line(&[(12.0, 17.4), (12.0, 21.0)], 1.7);
            icon.line(&[(8.6, 21.0), (15.4, 21.0)], 1.7);
        }
        "keyboard" => {
            icon.line(&[(3.5, 5.5), (20.5, 5.5), (20.5, 18.5), (3.5, 18.5), (3.5, 5.5)], 1.6);
            for x in [7.8, 12.0, 16.2] {
                icon.line(&[(x, 6.0), (x, 12.6)], 2.6);
                icon.line(&[(x, 12.6), (x, 18.0)], 0.9);
            }
        }
        "guitar" => {
            icon.line(&[(20.5, 3.5), (11.6, 12.4)], 2.0);
            icon.ring((9.0, 15.0), 5.6, 1.7);
            icon.dot((9.0, 15.0), 1.8);
            icon.line(&[(18.6, 2.6), (21.4, 5.4)], 1.6);
        }
        // A body with two horns, a long neck and four pegs on one side.
        "bass" => {
            icon.curve(
                &[
                    (13.2, 8.4),
                    (9.6, 10.4),
                    (5.6, 13.2),
                    (3.2, 17.2),
                    (5.0, 20.8),
                    (9.0, 20.6),
                    (11.6, 17.6),
                    (15.6, 15.4),
                    (15.8, 12.6),
                ],
                1.7,
            );
            icon.line(&[(7.4, 16.6), (20.0, 4.0)], 1.8);
            for n in 0..4 {
                let at = 1.5 * n as f32;
                icon.dot((15.4 + at, 5.0 - 0.9 * at + 0.9), 0.8);
            }
        }
        "mallet" => {
            for (n, x) in [4.0, 8.4, 12.8, 17.2].into_iter().enumerate() {
                let short = n as f32 * 1.6;
                icon.line(&[(x, 9.0 + short), (x, 21.0 - short)], 2.6);
            }
            icon.line(&[(9.0, 6.4), (20.5, 3.2)], 1.2);
            icon.dot((7.8, 6.8), 2.0);
        }
        "organ" => {
            for (x, top) in [(4.5, 11.0), (8.2, 7.0), (12.0, 3.5), (15.8, 7.0), (19.5, 11.0)] {
                icon.line(&[(x, top), (x, 20.0)], 2.2);
                holes.line(&[(x - 0.2, 16.4), (x + 0.2, 16.4)], 1.2);
            }
        }
        "synth_lead" => icon.line(&[(3.0, 17.0), (9.0, 7.0), (9.0, 17.0), (15.0, 7.0), (15.0, 17.0), (21.0, 7.0)], 1.8),
        _ => {
            let wave: Vec<(f32, f32)> =
                (0..=36).map(|n| (3.0 + 0.5 * n as f32, 12.0 - 6.0 * (n as f32 * std::f32::consts::TAU / 24.0).sin())).collect();
            icon.line(&wave, 1.8);
        }
    }
}

/// What a family is called.
pub fn family_name(family: &str) -> String {
    let words = match family {
        "string" => "Strings",
        "reed" => "Reeds",
        "vocal" => "Voices",
        "keyboard" => "Keyboards",
        "flute" => "Flutes",
        "organ" => "Organs",
        "guitar" => "Guitars",
        "bass" => "Basses",
        "mallet" => "Mallets",
        "synth_lead" => "Synthesizers",
        other => {
            let mut letters = other.replace('_', " ");
            if let Some(first) = letters.get_mut(0..1) {
                first.make_ascii_uppercase();
            }
            return letters;
        }
    };
    words.into()
}
