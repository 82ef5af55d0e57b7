//! The window as it is opened: on a virtual screen, by the standalone and by a CLAP host, played with a mouse and photographed. The
//! photographs are left in `target/screen` for people to look at.
//!
//! All need Xvfb, xdotool and ImageMagick; `cargo xtask test` brings them.

#![cfg(target_os = "linux")]

mod clap_host;
mod hosts {
    #[allow(dead_code)]
    pub mod sound;
}

use clap_host::{Instance, Said, load_entry};
use egui::{Color32, Rect, pos2, vec2};
use hosts::sound::Workshop;
use image::RgbaImage;
use std::{
    io::{BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};
use syrinx_plugin::{
    editor::{
        layout::{LEAST, Layout, SIZE},
        theme::{DARK, LIGHT, Theme},
    },
    source::Source,
};
use syrinx_testkit::{demo_voice, in_long_form};
use x11rb::{
    connection::Connection,
    protocol::xproto::{ConnectionExt, CreateWindowAux, ImageFormat, WindowClass},
};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something is so.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "{what}: not within {} s", PATIENCE.as_secs());
        thread::sleep(Duration::from_millis(5));
    }
}

/// A screen of the test's own, and a home without anything remembered. One at a time: plugins know a screen by a variable of their process.
struct Screen {
    name: String,
    home: Workshop,
    _one: MutexGuard<'static, ()>,
}

impl Screen {
    fn open() -> Self {
        static ONE: Mutex<()> = Mutex::new(());
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut server = Command::new("Xvfb");
        // It ends with its last client, which this process is: graphics drivers end the process of a client whose screen has gone.
        server.args(["-terminate", "-displayfd", "1", "-screen", "0", "2400x1600x24", "-nolisten", "tcp"]);
        let mut server = server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("Xvfb is installed");
        let mut number = String::new();
        BufReader::new(server.stdout.as_mut().unwrap().by_ref()).read_line(&mut number).unwrap();
        let (name, home) = (format!(":{}", number.trim()), Workshop::new());
        // SAFETY: whoever reads these variables holds the mutex, or is a child.
        unsafe {
            std::env::set_var("DISPLAY", &name);
            std::env::set_var("HOME", home.path(""));
            std::env::set_var("XDG_CONFIG_HOME", home.path("config"));
            std::env::set_var("XDG_DATA_HOME", home.path("data"));
        }
        let (stays, _) = x11rb::connect(Some(&name)).unwrap();
        std::mem::forget(stays);
        thread::spawn(move || server.wait());
        Self { name, home, _one: one }
    }

    fn tool(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(program).args(arguments).env("DISPLAY", &self.name).output().unwrap();
        assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The id of the open window with this name.
    fn window(&self, name: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let search = Command::new("xdotool").args(["search", "--name", name]).env("DISPLAY", &self.name).output().unwrap();
            if let Some(id) = String::from_utf8_lossy(&search.stdout).lines().last() {
                return id.to_owned();
            }
            assert!(Instant::now() < until, "there is no window {name}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn point(&self, window: &str, x: f32, y: f32) {
        self.tool("xdotool", &["mousemove", "--window", window, &format!("{x:.0}"), &format!("{y:.0}")]);
        thread::sleep(Duration::from_millis(60));
    }

    /// Presses at `from`, goes to `to`, and lets go.
    fn drag(&self, window: &str, from: egui::Pos2, to: egui::Pos2) {
        self.point(window, from.x, from.y);
        self.tool("xdotool", &["mousedown", "1"]);
        for step in 1..=8 {
            let at = from.lerp(to, step as f32 / 8.0);
            self.point(window, at.x, at.y);
        }
        self.tool("xdotool", &["mouseup", "1"]);
        thread::sleep(Duration::from_millis(200));
    }

    fn click(&self, window: &str, at: egui::Pos2) {
        self.point(window, at.x, at.y);
        self.tool("xdotool", &["click", "1"]);
        thread::sleep(Duration::from_millis(400));
    }

    /// Types into what has the keyboard; a new line is the Enter key.
    fn keys(&self, texts: &[&str]) {
        for text in texts {
            match *text {
                "\n" => self.tool("xdotool", &["key", "Return"]),
                text => self.tool("xdotool", &["type", "--delay", "60", "--", text]),
            };
            thread::sleep(Duration::from_millis(300));
        }
    }

    /// Photographs a window, once `good` finds in it what is to be there.
    fn photograph(&self, window: &str, name: &str, good: impl Fn(&RgbaImage) -> bool) -> RgbaImage {
        let folder = target().join("screen");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{name}.png"));
        let until = Instant::now() + PATIENCE;
        loop {
            // A window that is not mapped yet has no picture.
            let import = Command::new("import").args(["-window", window]).arg(&file).env("DISPLAY", &self.name).output().unwrap();
            if import.status.success() {
                let picture = image::open(&file).unwrap().to_rgba8();
                if good(&picture) {
                    return picture;
                }
            }
            assert!(Instant::now() < until, "{} does not show what it should", file.display());
            thread::sleep(Duration::from_millis(200));
        }
    }
}

/// A program that ends with the test, when that fails too.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn target() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().find(|p| p.ends_with("target")).map_or_else(|| PathBuf::from("target"), Path::to_path_buf)
}

fn layout() -> Layout {
    Layout::of(Rect::from_min_size(pos2(0.0, 0.0), vec2(SIZE.0, SIZE.1)), Source::Voice)
}

/// Whether the pixel at a place is of this colour.
fn is(picture: &RgbaImage, at: egui::Pos2, colour: Color32) -> bool {
    let Some(pixel) = picture.get_pixel_checked(at.x as u32, at.y as u32) else { return false };
    pixel.0.iter().zip(colour.to_array()).take(3).all(|(a, b)| a.abs_diff(b) <= 3)
}

/// Whether all panels are where they are to be, in the dark palette.
fn shows_the_page(picture: &RgbaImage, scale: f32) -> bool {
    shows_the_page_in(picture, scale, &DARK)
}

fn shows_the_page_in(picture: &RgbaImage, scale: f32, theme: &Theme) -> bool {
    let layout = layout();
    let header = layout.header.left_bottom() + vec2(6.0, -6.0);
    let controls = layout.controls.right_bottom() - vec2(8.0, 8.0);
    let well = layout.field.left_top() + vec2(30.0, 20.0);
    [(header, theme.panel), (controls, theme.panel), (well, theme.well)]
        .into_iter()
        .all(|(at, colour)| is(picture, (at.to_vec2() * scale).to_pos2(), colour))
}

#[test]
#[ignore = "needs Xvfb, xdotool and ImageMagick: cargo xtask test brings them"]
fn standalone_on_screen_is_played_with_the_mouse() {
    let screen = Screen::open();
    let mut standalone = Command::new(env!("CARGO_BIN_EXE_syrinx-plugin"));
    // A desktop without a portal, and a zenity that chooses a file at once.
    let programs = screen.home.path("programs");
    std::fs::create_dir_all(&programs).unwrap();
    let chosen = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tuba.onnx").canonicalize().unwrap();
    std::fs::write(programs.join("zenity"), format!("#!/bin/sh\nsleep 1\necho '{}'\n", chosen.display())).unwrap();
    std::fs::set_permissions(programs.join("zenity"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = [programs.as_os_str(), &std::env::var_os("PATH").unwrap()].join(":".as_ref());
    standalone.env("PATH", path).env_remove("DBUS_SESSION_BUS_ADDRESS").env("XDG_RUNTIME_DIR", &programs);
    let mut standalone = Ends(standalone.args(["--backend", "dummy"]).stderr(Stdio::null()).spawn().unwrap());
    let window = screen.window("^Syrinx$");
    screen.photograph(&window, "standalone", |picture| shows_the_page(picture, 1.0));
    let field = layout().field;
    screen.drag(&window, field.center(), field.center() - vec2(60.0, -24.0));
    // The circle in the first column of the slots: the list of instruments.
    screen.click(&window, layout().slots.left_center() + vec2(60.0, 0.0));
    let list = screen.photograph(&window, "standalone_instruments", |picture| {
        // A panel where the field was, left of its tiles.
        is(picture, field.left_bottom() + vec2(6.0, -60.0), DARK.panel)
    });
    screen.click(&window, field.left_bottom() + vec2(58.0, -24.0));
    // The violin's tile, lit because it plays, until the file does.
    let tile = field.left_top() + vec2(188.0, 168.0);
    let lit = |picture: &RgbaImage| *picture.get_pixel(tile.x as u32, tile.y as u32);
    screen.photograph(&window, "standalone_file", |picture| lit(picture) != lit(&list));
    // SAFETY: a signal to a child that has not been waited for.
    unsafe { libc::kill(standalone.0.id() as i32, libc::SIGTERM) };
    assert!(standalone.0.wait().unwrap().success());
    let session = std::fs::read_to_string(screen.home.path("config/syrinx/session.json")).unwrap();
    let session: serde_json::Value = serde_json::from_str(&session).unwrap();
    let playing = session["fields"]["a"].as_str().unwrap();
    assert!(playing.contains(r#""id":"tuba""#) && playing.contains(r#""file":"#), "the file that was chosen does not play");
    let (shift, loudness) = (&session["params"]["pitch_shift"]["f32"], &session["params"]["loudness"]["f32"]);
    assert!(shift.as_f64().is_some_and(|st| (6.0..=10.0).contains(&st)), "{shift} st after a drag of 60 points");
    assert!(loudness.as_f64().is_some_and(|db| db > 2.0), "{loudness} dB");
}

#[test]
#[ignore = "needs Xvfb, xdotool and ImageMagick: cargo xtask test brings them"]
fn every_scale_on_screen_is_the_same_page_larger_or_smaller() {
    let screen = Screen::open();
    let mut instance = Instance::new(&load_entry());
    let parent = Parent::open((2300, 1500));
    for (scale, dark) in [(75, true), (125, true), (150, true), (175, true), (200, true), (100, false)] {
        let folder = screen.home.path("config/syrinx");
        std::fs::create_dir_all(&folder).unwrap();
        let looks = format!(r#"{{"scale":{scale},"dark":{dark}}}"#);
        std::fs::write(folder.join("window.json"), looks).unwrap();
        // Looks are read when an instance is made.
        instance = {
            drop(instance);
            Instance::new(&load_entry())
        };
        let share = f32::from(scale as u16) / 100.0;
        let size = instance.open_window(parent.id).unwrap();
        assert_eq!(size, ((SIZE.0 * share).round() as u32, (SIZE.1 * share).round() as u32), "{scale} %");
        let theme = if dark { DARK } else { LIGHT };
        screen.photograph(&parent.id.to_string(), &format!("scale_{scale}"), |picture| shows_the_page_in(picture, share, &theme));
        let (width, height) = instance.resize_window(10, 10);
        assert_eq!(
            (width, height),
            ((LEAST.0 * share).round() as u32, (LEAST.1 * share).round() as u32),
            "the least at {scale} %"
        );
        instance.close_window();
    }
    // The size that it had is remembered, before the scale.
    let mut instance = Instance::new(&load_entry());
    instance.open_window(parent.id).unwrap();
    instance.resize_window(1234, 800);
    let looks = screen.home.path("config/syrinx/window.json");
    wait_until("the size is remembered", || std::fs::read_to_string(&looks).is_ok_and(|text| text.contains("1234")));
    instance.close_window();
    drop(instance);
    let mut instance = Instance::new(&load_entry());
    assert_eq!(instance.open_window(parent.id).unwrap(), (1234, 800));
    instance.close_window();
}

#[test]
#[ignore = "needs Xvfb, xdotool and ImageMagick: cargo xtask test brings them"]
fn a_scale_of_the_hosts_on_screen_is_applied_and_multiplies_with_the_windows_own() {
    let screen = Screen::open();
    let parent = Parent::open((2300, 1500));
    for (hosts, own) in [(1.5, 100), (2.0, 75), (1.25, 125)] {
        let folder = screen.home.path("config/syrinx");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("window.json"), format!(r#"{{"scale":{own}}}"#)).unwrap();
        let mut instance = Instance::new(&load_entry());
        let share = hosts * own as f32 / 100.0;
        let expected = ((SIZE.0 * share).round() as u32, (SIZE.1 * share).round() as u32);
        assert_eq!(instance.open_window_at(parent.id, Some(f64::from(hosts))).unwrap(), expected, "{hosts} and {own} %");
        let good = |picture: &RgbaImage| shows_the_page(picture, share);
        screen.photograph(&parent.id.to_string(), &format!("host_scale_{hosts}_{own}"), good);
        // The window is asked for anew, as when it is closed and opened by the host.
        instance.close_window();
        assert_eq!(instance.open_window_at(parent.id, Some(f64::from(hosts))).unwrap(), expected, "{hosts} and {own} %, again");
        screen.photograph(&parent.id.to_string(), &format!("host_scale_{hosts}_{own}_again"), good);
        let least = ((LEAST.0 * share).round() as u32, (LEAST.1 * share).round() as u32);
        assert_eq!(instance.resize_window(10, 10), least, "the least at {hosts} and {own} %");
        instance.close_window();
    }
}

/// A host's window.
struct Parent {
    connection: x11rb::rust_connection::RustConnection,
    root: u32,
    id: u32,
}

impl Parent {
    fn open(size: (u32, u32)) -> Self {
        let (connection, screen) = x11rb::connect(None).unwrap();
        let root = &connection.setup().roots[screen];
        let (id, root, depth) = (connection.generate_id().unwrap(), root.root, root.root_depth);
        let (width, height) = (size.0 as u16, size.1 as u16);
        let class = WindowClass::INPUT_OUTPUT;
        // Painted over where a window has closed, or photographs would show what was there before.
        let look = CreateWindowAux::new().background_pixel(0);
        connection.create_window(depth, id, root, 0, 0, width, height, 0, class, 0, &look).unwrap();
        connection.map_window(id).unwrap();
        connection.flush().unwrap();
        Self { connection, root, id }
    }

    /// Whether the page is drawn in it, by one pixel: as quickly as can be seen.
    fn shows_the_page(&self) -> bool {
        // Nobody moves windows on this screen: it lies in the screen's corner.
        let at = layout().controls.right_bottom() - vec2(8.0, 8.0);
        let ask = self.connection.get_image(ImageFormat::Z_PIXMAP, self.root, at.x as i16, at.y as i16, 1, 1, !0);
        let pixel = ask.unwrap().reply().unwrap().data;
        let [red, green, blue, _] = DARK.panel.to_array();
        pixel[..3] == [blue, green, red]
    }
}

impl Drop for Parent {
    fn drop(&mut self) {
        let _ = self.connection.destroy_window(self.id);
        let _ = self.connection.flush();
    }
}

/// Plays a sound at 48 kHz on both channels, in blocks of 10 ms, as fast as time passes.
fn plays_live(instance: &mut Instance, sound: &[f32]) {
    let begun = Instant::now();
    for (n, block) in sound.chunks_exact(480).enumerate() {
        instance.play(&[block.to_vec(), block.to_vec()], &[480], &[]);
        thread::sleep((Duration::from_millis(10) * (n as u32 + 1)).saturating_sub(begun.elapsed()));
    }
}

#[test]
#[ignore = "needs Xvfb, xdotool and ImageMagick: cargo xtask test brings them"]
fn a_clap_host_on_screen_opens_plays_resizes_and_closes_the_window() {
    let screen = Screen::open();
    let mut instance = Instance::new(&load_entry());
    let parent = Parent::open((1400, 900));
    // A host may take its time; what is asked of the X server meanwhile is never answered.
    instance.hesitates = Duration::from_millis(150);
    let size = instance.open_window(parent.id).unwrap();
    assert_eq!(size, (SIZE.0 as u32, SIZE.1 as u32));
    let window = parent.id.to_string();
    screen.photograph(&window, "clap", |picture| shows_the_page(picture, 1.0));
    instance.activate(48_000.0, 512);
    let field = layout().field;
    screen.drag(&window, field.center(), field.center() - vec2(60.0, 0.0));
    // The host takes what the window asked for with its next block.
    let silence = [vec![0.0; 4800], vec![0.0; 4800]];
    instance.play(&silence, &[512], &[]);
    let shift = instance.text("Pitch shift");
    assert!(shift != "0.00 st", "the drag changed nothing");
    // A voice makes it move.
    let voice = demo_voice(48_000, 1).samples;
    plays_live(&mut instance, &voice[..4 * 48_000]);
    screen.photograph(&window, "clap_singing", |_| true);
    let (width, height) = instance.resize_window(1300, 860);
    assert_eq!((width, height), (1300, 860));
    let wide = Layout::of(Rect::from_min_size(pos2(0.0, 0.0), vec2(1300.0, 860.0)), Source::Voice);
    screen.photograph(&window, "clap_resized", |picture| is(picture, wide.controls.right_bottom() - vec2(8.0, 8.0), DARK.panel));
    let (least_width, least_height) = instance.resize_window(10, 10);
    assert_eq!((least_width, least_height), (LEAST.0 as u32, LEAST.1 as u32), "{least_width}x{least_height}");
    instance.close_window();
}

/// The threads of this process, but for those that have names of other purposes: the one that asks, those that it made, which pass its name on, and windows'.
fn own_threads() -> Vec<PathBuf> {
    let name = |thread: &Path| std::fs::read_to_string(thread.join("comm")).unwrap_or_default();
    let own = name(Path::new("/proc/thread-self"));
    let all = std::fs::read_dir("/proc/self/task").unwrap().map(|entry| entry.unwrap().path());
    all.filter(|thread| name(thread) == own || name(thread).starts_with("syrinx ui")).collect()
}

#[test]
#[ignore = "needs Xvfb, xdotool and ImageMagick: cargo xtask test brings them"]
fn a_closed_window_on_screen_leaves_no_thread_behind_however_soon_it_is_closed() {
    let _screen = Screen::open();
    let mut instance = Instance::new(&load_entry());
    let before = own_threads();
    for stays_open in (0..40).map(|time| Duration::from_millis(time % 4 * 10)) {
        let parent = Parent::open((1400, 900));
        instance.open_window(parent.id).unwrap();
        assert!(own_threads().len() > before.len(), "the window has no thread");
        thread::sleep(stays_open);
        instance.close_window();
        assert_eq!(own_threads(), before, "open for {stays_open:?}");
    }
}

#[test]
#[ignore = "needs Xvfb, xdotool and ImageMagick: cargo xtask test brings them"]
fn a_clap_host_on_screen_sees_every_gesture_begin_move_and_end() {
    let screen = Screen::open();
    let mut instance = Instance::new(&load_entry());
    let parent = Parent::open((1400, 900));
    instance.open_window(parent.id).unwrap();
    let window = parent.id.to_string();
    screen.photograph(&window, "clap_gestures", |picture| shows_the_page(picture, 1.0));
    instance.activate(48_000.0, 512);
    instance.said = Some(Vec::new());
    let silence = [vec![0.0; 4800], vec![0.0; 4800]];
    let layout = layout();
    let gesture = |instance: &mut Instance, name: &str, act: &mut dyn FnMut()| -> Vec<f64> {
        let id = instance.param(name).id;
        act();
        instance.play(&silence, &[512], &[]);
        let all = std::mem::take(instance.said.as_mut().unwrap());
        let said: Vec<Said> = all
            .iter()
            .copied()
            .filter(|said| matches!(said, Said::Begin(of) | Said::End(of) | Said::Value(of, _) if *of == id))
            .collect();
        assert!(!said.is_empty(), "{name}: the host heard nothing of it, but {all:?}");
        // However many there are, each begins before it moves and ends after it.
        let mut open = false;
        let mut values = Vec::new();
        for event in &said {
            match event {
                Said::Begin(_) => assert!(!std::mem::replace(&mut open, true), "{name}: {said:?}"),
                Said::Value(_, value) => {
                    assert!(open, "{name}: {said:?}");
                    values.push(*value);
                }
                Said::End(_) => assert!(std::mem::replace(&mut open, false), "{name}: {said:?}"),
            }
        }
        assert!(!open, "{name}: {said:?}");
        values
    };
    // The big knob of the loudness: dragged, turned with the wheel, typed, set back by a double-click.
    let group = layout.controls;
    let knob = pos2(group.left() + 0.326 * group.width(), group.top() + 0.52 * group.height());
    let body = knob + vec2(0.0, 34.0);
    let dragged = gesture(&mut instance, "Loudness", &mut || screen.drag(&window, body, body - vec2(0.0, 60.0)));
    assert!(dragged.len() >= 3 && dragged.is_sorted() && *dragged.last().unwrap() > 0.6, "{dragged:?}");
    let text = instance.text("Loudness");
    assert_ne!(text, "0.0 dB");
    let wheeled = gesture(&mut instance, "Loudness", &mut || {
        screen.point(&window, body.x, body.y);
        screen.tool("xdotool", &["click", "5"]);
        thread::sleep(Duration::from_millis(300));
    });
    assert!(wheeled.last() < dragged.last(), "{wheeled:?} after {dragged:?}");
    gesture(&mut instance, "Loudness", &mut || {
        screen.click(&window, knob);
        screen.keys(&["-6 dB", "\n"]);
    });
    assert_eq!(instance.text("Loudness"), "-6.0 dB");
    gesture(&mut instance, "Loudness", &mut || {
        screen.point(&window, body.x, body.y);
        screen.tool("xdotool", &["click", "--repeat", "2", "--delay", "80", "1"]);
        thread::sleep(Duration::from_millis(400));
    });
    assert_eq!(instance.text("Loudness"), "0.0 dB");
    // The host's automation moves the knob, and that is no gesture.
    instance.play(&silence, &[512], &[(100, "Loudness", "12 dB")]);
    instance.idle();
    thread::sleep(Duration::from_millis(400));
    let moved = screen.photograph(&window, "clap_automated", |_| true);
    let lit = moved.pixels().filter(|p| p.0[..3] == DARK.a.to_array()[..3]).count();
    assert!(lit > 100, "{lit} pixels in the instrument's colour");
    assert_eq!(instance.said, Some(Vec::new()), "nobody has touched anything");
    // An instrument found and played by the keyboard alone, once its list is open.
    screen.click(&window, layout.slots.left_center() + vec2(100.0, 0.0));
    gesture(&mut instance, "Instrument A", &mut || screen.keys(&["vibra", "\n"]));
    assert_eq!(instance.text("Instrument A"), "Vibraphone");
    screen.photograph(&window, "clap_found", |_| true);
    screen.tool("xdotool", &["key", "Escape"]);
    screen.photograph(&window, "clap_closed", |picture| shows_the_page(picture, 1.0));
    instance.close_window();
}

/// Share of a core that this process takes while `meanwhile` runs, which should last some seconds.
fn share_of_a_core(meanwhile: impl FnOnce()) -> f64 {
    let spent = || {
        // SAFETY: all zeros are a value of this plain structure, and the call fills it.
        let usage = unsafe {
            let mut usage = std::mem::zeroed::<libc::rusage>();
            libc::getrusage(libc::RUSAGE_SELF, &mut usage);
            usage
        };
        let seconds = |time: libc::timeval| time.tv_sec as f64 + 1e-6 * time.tv_usec as f64;
        seconds(usage.ru_utime) + seconds(usage.ru_stime)
    };
    let (begun, before) = (Instant::now(), spent());
    meanwhile();
    (spent() - before) / begun.elapsed().as_secs_f64()
}

/// Figures for the manual; what is asked of them is far from what they are.
#[test]
#[ignore = "needs Xvfb, xdotool and ImageMagick: cargo xtask test brings them"]
fn a_window_on_screen_costs_little_and_nothing_when_it_is_closed() {
    let screen = Screen::open();
    let mut instance = Instance::new(&load_entry());
    let parent = Parent::open((1200, 800));
    instance.activate(48_000.0, 480);
    let voice = demo_voice(48_000, 1).samples;
    let silence = vec![0.0; voice.len()];
    // Seconds of each.
    let each = if in_long_form() { 4 } else { 2 };
    let costs = |instance: &mut Instance| {
        [&silence, &voice].map(|sound| share_of_a_core(|| plays_live(instance, &sound[..each * 48_000])))
    };
    let before = costs(&mut instance);
    instance.open_window(parent.id).unwrap();
    screen.photograph(&parent.id.to_string(), "costs", |picture| shows_the_page(picture, 1.0));
    // Until the last of the voice has left the view of its pitch.
    plays_live(&mut instance, &silence[..95 * 4800]);
    let open = costs(&mut instance);
    instance.close_window();
    let after = costs(&mut instance);
    for (what, [silence, voice]) in [("never opened", before), ("open", open), ("closed", after)] {
        println!("{what}: {:.1} % of a core in silence, {:.1} % while a voice plays", 100.0 * silence, 100.0 * voice);
    }
    assert!(open[0] < before[0] + 0.1, "a window at rest takes {} of a core, {} before it was opened", open[0], before[0]);
    for (after, before) in after.into_iter().zip(before) {
        assert!(after < before + 0.05, "a closed window takes {after} of a core, {before} before it was opened");
    }
}

/// What the process holds: kilobytes in memory, open files, threads.
fn held() -> (usize, usize, usize) {
    // SAFETY: it gives back to the system what is free already.
    unsafe { libc::malloc_trim(0) };
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let number = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (number("VmRSS:"), std::fs::read_dir("/proc/self/fd").unwrap().count(), number("Threads:"))
}

#[test]
#[ignore = "needs Xvfb, xdotool and ImageMagick: cargo xtask test brings them"]
fn many_windows_on_screen_leave_nothing_behind() {
    let _screen = Screen::open();
    let mut instance = Instance::new(&load_entry());
    let parent = Parent::open((1200, 800));
    let mut cycle = || {
        instance.open_window(parent.id).unwrap();
        wait_until("the page is drawn", || parent.shows_the_page());
        instance.idle();
        instance.close_window();
        wait_until("the window has gone", || !parent.shows_the_page());
    };
    let many = if in_long_form() { 100 } else { 40 };
    // What drivers keep for good is there after some.
    (0..20).for_each(|_| cycle());
    // A driver's caches grow now and then, a leak grows with every window: one that stays is 3 MB of pixels alone, and the keyboard's map of
    // one, if nobody gave it back, 110 kB and more.
    let mut grown = i64::MAX;
    for _ in 0..2 {
        let before = held();
        (0..many).for_each(|_| cycle());
        // A window's own threads end a little later than the window.
        wait_until(&format!("no more files and threads than before: {before:?}"), || {
            let now = held();
            now.1 <= before.1 + 2 && now.2 <= before.2 + 1
        });
        let after = held();
        println!("before {before:?}, after {many} {after:?} (kB, files, threads)");
        grown = grown.min(after.0 as i64 - before.0 as i64);
    }
    assert!(grown < 1_000 + 70 * many, "{grown} kB more after every {many} windows");
}
