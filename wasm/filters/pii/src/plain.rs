use guest::Vec;
use text::{Table, stands_alone};

pub const LETTER: u8 = 0x80; // of another script
pub const SIGN: u8 = 0x81; // and whatever else is not ASCII

/// A text with one byte a character: digits, dashes and spaces of all scripts as
/// those of ASCII, invisible characters left out. Reused from row to row.
pub struct Plain {
    bytes: Vec<u8>,
    table: Table,
}

const NOTHING: u32 = 0x100; // of a character that is left out

impl Default for Plain {
    fn default() -> Plain {
        Plain { bytes: Vec::new(), table: Table::new(|c| byte(c).map_or(NOTHING, u32::from)) }
    }
}

impl Plain {
    pub fn set(&mut self, text: &str) {
        self.bytes.clear();
        self.bytes.reserve(text.len());
        for c in text.chars() {
            match self.table.get(c) {
                Some(NOTHING) => {}
                Some(b) => self.bytes.push(b as u8),
                None => self.bytes.extend(byte(c)),
            }
        }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn byte(c: char) -> Option<u8> {
    let digit = |zero: u32| Some(b'0' + (c as u32 - zero) as u8);
    match c as u32 {
        0..=0x7f => Some(c as u8),
        0x660..=0x669 => digit(0x660),
        0x6f0..=0x6f9 => digit(0x6f0),
        0x966..=0x96f => digit(0x966),
        0xff01..=0xff5e => Some((c as u32 - 0xff01) as u8 + b'!'),
        0x2010..=0x2015 | 0x2212 => Some(b'-'),
        0xa0 | 0x2000..=0x200a | 0x202f | 0x3000 => Some(b' '),
        0xad | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2064 | 0xfeff => None,
        _ if stands_alone(c) => Some(SIGN),
        _ if c.is_alphanumeric() => Some(LETTER),
        _ => Some(SIGN),
    }
}

/// Letters, digits and what joins them.
pub fn word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | LETTER)
}
