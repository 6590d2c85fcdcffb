use crate::{markup, mojibake};
use text::share;

pub const KINDS: usize = 5;
pub const BROKEN: usize = 0;
pub const INVISIBLE: usize = 1;
pub const MOJIBAKE: usize = 2;
pub const MARKUP: usize = 3;
pub const BLOB: usize = 4;

const BLOB_MIN: usize = 64; // characters from which a run may be encoded data
const MARKS_MAX: usize = 4; // combining marks on one letter that some script needs

/// How many characters of a text are junk, by kind.
#[derive(Debug, Default, PartialEq)]
pub struct Scan {
    pub all: usize,
    pub found: [usize; KINDS],
}

/// A run of characters without a space that could be base64 or hex.
#[derive(Default)]
struct Run {
    length: usize,
    small: bool,
    large: bool,
    digit: bool,
    hex: bool,
}

impl Scan {
    pub fn of(text: &str) -> Scan {
        let mut s = Scan::default();
        let (mut run, mut marks, mut code, mut skip) = (Run::default(), 0, markup::Code::default(), 0);
        for (i, c) in text.char_indices() {
            s.all += 1;
            if c.is_ascii() {
                marks = 0;
                code.step(&text.as_bytes()[i..]);
                if run.takes(c as u8) {
                    continue;
                }
                s.end(&mut run);
                if matches!(c, '<' | '&') && i >= skip && !code.inside() {
                    let tag = markup::at(&text[i..]);
                    s.found[MARKUP] += text::length(tag);
                    skip = i + tag.len();
                }
                continue;
            }
            s.end(&mut run);
            marks = if mark(c) { marks + 1 } else { 0 };
            if letter(c) {
                continue;
            }
            if broken(c) || marks > MARKS_MAX {
                s.found[BROKEN] += 1;
            } else if invisible(c) {
                s.found[INVISIBLE] += 1;
            }
        }
        s.end(&mut run);
        s.found[MOJIBAKE] = mojibake::count(text);
        s
    }

    pub fn share(&self, kind: usize) -> f64 {
        share(self.found[kind], self.all)
    }

    /// The share of all kinds together, at most 1.
    pub fn junk(&self) -> f64 {
        share(self.found.iter().sum::<usize>().min(self.all), self.all)
    }

    #[inline]
    fn end(&mut self, run: &mut Run) {
        if run.length >= BLOB_MIN && run.digit && (run.small && run.large || run.hex) {
            self.found[BLOB] += run.length;
        }
        *run = Run::default();
    }
}

impl Run {
    /// Takes one more character, if it belongs to the alphabet.
    fn takes(&mut self, b: u8) -> bool {
        if self.length == 0 {
            self.hex = true;
        }
        match b {
            b'a'..=b'z' => self.small = true,
            b'A'..=b'Z' => self.large = true,
            b'0'..=b'9' => self.digit = true,
            b'+' | b'/' | b'=' | b'-' | b'_' => {}
            _ => return false,
        }
        self.hex &= b.is_ascii_hexdigit();
        self.length += 1;
        true
    }
}

/// The letters that are the most of all texts, for speed.
#[inline]
fn letter(c: char) -> bool {
    matches!(c as u32, 0xc0..=0x2ff | 0x370..=0x482 | 0x48a..=0x52f | 0x4e00..=0x9fff | 0xac00..=0xd7a3)
}

/// What no text holds: the replacement character, C1 controls, private use,
/// noncharacters.
#[inline(never)] // what is rare stays out of the loop, all of which is metered
fn broken(c: char) -> bool {
    matches!(c as u32, 0xfffd | 0x80..=0x9f | 0xe000..=0xf8ff | 0xf_0000..=0x10_ffff | 0xfdd0..=0xfdef)
        || c as u32 & 0xfffe == 0xfffe
}

/// What shows nothing and that no script needs. Joiners and the two direction
/// marks are not among them.
#[inline(never)]
fn invisible(c: char) -> bool {
    matches!(c as u32,
        0x00ad | 0x034f | 0x061c | 0x115f | 0x1160 | 0x180e | 0x200b | 0x202a..=0x202e | 0x2060..=0x206f
        | 0x3164 | 0xfeff | 0xffa0 | 0xfff9..=0xfffb | 0xe_0000..=0xe_007f)
}

fn mark(c: char) -> bool {
    matches!(c as u32, 0x0300..=0x036f | 0x0483..=0x0489 | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        let base64 = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3ODk=";
        let hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for (text, want) in [
            ("", [0; 5]),
            ("Plain text, простой текст, 你好, مرحبا 👍🏽.", [0; 5]),
            ("a\u{fffd}b\u{85}\u{e000}\u{ffff}", [4, 0, 0, 0, 0]),
            ("a\u{200b}b\u{feff}\u{202e}", [0, 3, 0, 0, 0]),
            ("می\u{200c}خواهم 👨\u{200d}👩 \u{200f}", [0; 5]),
            ("Z\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}", [2, 0, 0, 0, 0]),
            ("Vie\u{323}\u{302}t", [0; 5]),
            ("<p>hi</p>", [0, 0, 0, 7, 0]),
            ("a &amp; b&nbsp;c", [0, 0, 0, 11, 0]),
            ("`<p>` and ```\n<div>\n``` <br/>", [0, 0, 0, 5, 0]),
            (base64, [0, 0, 0, 0, base64.len()]),
            (hex, [0, 0, 0, 0, 64]),
            (&hex[1..], [0; 5]),
            ("----------------------------------------------------------------------", [0; 5]),
            ("donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft1", [0; 5]),
        ] {
            assert_eq!(Scan::of(text).found, want, "{text}");
        }
        assert_eq!(Scan::of("я<b>").all, 4);
    }
}
