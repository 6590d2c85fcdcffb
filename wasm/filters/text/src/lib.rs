//! What several filters do with a text: cut it, hash it, count its pieces.

#![cfg_attr(target_arch = "wasm32", no_std)]

mod counts;
mod letters;
mod words;

pub use counts::Counts;
pub use letters::{Letters, Table};
pub use words::{Tokens, sentence_end, stands_alone};

/// How far a filter looks into a text. What is longer is judged by its start, so
/// that no row costs more than its fuel.
pub const LOOK_BYTES: usize = 256 << 10;

/// The start of a text, at most LOOK_BYTES of it.
pub fn head(text: &str) -> &str {
    &text[..text.floor_char_boundary(LOOK_BYTES)]
}

/// The number of code points.
pub fn length(text: &str) -> usize {
    text.chars().count()
}

/// A share, where nothing has no share of nothing.
pub fn share(part: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

/// A hash of bytes (FNV-1a).
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, &b| (h ^ b as u64).wrapping_mul(0x0000_0100_0000_01b3))
}

/// A hash of a sequence: of what came before, and one more.
pub fn chain(before: u64, next: u64) -> u64 {
    let h = (before.rotate_left(23) ^ next).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    h ^ (h >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_a_character() {
        let long = "я".repeat(LOOK_BYTES);
        assert_eq!(head(&long).len(), LOOK_BYTES);
        assert_eq!(head(&["a", &long].concat()).len(), LOOK_BYTES - 1);
        assert_eq!(head("short"), "short");
    }

    #[test]
    fn chains_in_order() {
        let (a, b) = (hash(b"a"), hash(b"b"));
        assert_ne!(chain(chain(0, a), b), chain(chain(0, b), a));
        assert_eq!(share(0, 0), 0.0);
        assert_eq!(length("я👍🏽"), 3);
    }
}
