//! What an instance takes of the memory, counted at the allocator.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};
use syrinx_engine::{Engine, EngineConfig, Keys};

thread_local! {
    /// Bytes that this thread has and has not freed.
    static HELD: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn count(bytes: isize) {
    // A thread that ends has nothing to count any more.
    let _ = HELD.try_with(|held| held.set(held.get() + bytes));
}

// SAFETY: the system's allocator does all of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Bytes that `make` has taken and keeps, what it made itself included.
fn held<T>(make: impl FnOnce() -> T) -> (usize, T) {
    let before = HELD.get();
    let made = Box::new(make());
    let bytes = (HELD.get() - before).max(0) as usize;
    (bytes, *made)
}

/// Bytes of an engine that plays the factory instruments, and of one that plays none, where others of the process have what all share.
fn engine(sample_rate_hz: u32) -> [usize; 2] {
    let config = EngineConfig { sample_rate_hz, channels: 2, seed: 0 };
    let make = |palette| Engine::new(config, palette).unwrap();
    let _others = make(syrinx_models::factory());
    [syrinx_models::factory(), &[]].map(|palette| held(|| make(palette)).0)
}

/// The lead takes less than half a megabyte; each of the choir's eight players has filters and noise of its own, as has each note of keys.
#[test]
fn an_instance_takes_less_than_a_megabyte_and_a_half() {
    // At four times the rate, what keeps samples is four times as long.
    for (rate, most) in [(44_100, 1_500_000), (48_000, 1_500_000), (96_000, 2_300_000), (192_000, 4_000_000)] {
        let [bytes, _] = engine(rate);
        println!("{rate} Hz: {} kB an instance", bytes / 1000);
        assert!(bytes < most, "{rate} Hz: {bytes} bytes");
    }
}

#[test]
fn what_plays_the_instruments_takes_less_than_64_kilobytes_a_line() {
    let [bytes, without] = engine(48_000);
    let lines = 1 + syrinx_engine::PARTS;
    let each = (bytes - without) / lines;
    println!("{} kB for {} instruments", each / 1000, syrinx_models::factory().len());
    assert!(each < 64_000, "{each} bytes");
}

/// Each of its twenty voices has what one note needs for itself: filters in the making, and the noise that is under way.
#[test]
fn keys_take_less_than_two_megabytes() {
    let config = EngineConfig { channels: 2, ..EngineConfig::default() };
    let make = || Keys::new(config, syrinx_models::factory()).unwrap();
    let _others = make();
    let bytes = held(make).0;
    println!("{} kB for keys", bytes / 1000);
    assert!(bytes < 2_000_000, "{bytes} bytes");
}
