//! Normalisation under any bytes: never panics, stays within its bounds, and is stable once applied.
#![no_main]

use clubos::intent::fuzzing::{for_encoder, plain, tidy};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let tidy_once = tidy(&text);
    assert!(tidy_once.chars().count() <= 2_000, "longer than the bound");
    assert!(!tidy_once.contains('\u{200b}') && !tidy_once.contains('\u{202e}'), "an invisible character stayed");
    assert!(!tidy_once.contains("  "), "a double space stayed");
    let plain_once = plain(&text);
    assert!(!plain_once.contains('\''), "an apostrophe stayed");
    assert_eq!(plain_once, plain(&text), "not the same twice");
    let read = for_encoder(&text);
    assert_eq!(read, for_encoder(&text), "not the same twice");
});
