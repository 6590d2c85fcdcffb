use guest::Vec;
use text::{Table, stands_alone};

/// The words of a text as hashes, whatever their case. Reused from row to row.
pub struct Words {
    hashes: Vec<u64>,
    folded: Table,
}

// What the table says of a character that is no part of a word, and of one that is
// several in lower case.
const APART: u32 = 0;
const SEVERAL: u32 = 1;

impl Default for Words {
    fn default() -> Words {
        let folded = |c: char| {
            let (mut n, mut last) = (0, APART);
            if c.is_alphanumeric() || mark(c) {
                fold(c, |c| (n, last) = (n + 1, c as u32));
            }
            if n > 1 { SEVERAL } else { last }
        };
        Words { hashes: Vec::new(), folded: Table::new(folded) }
    }
}

// FNV-1a over code points.
const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

impl Words {
    pub fn set(&mut self, text: &str) {
        self.hashes.clear();
        let mut h = EMPTY;
        for c in text.chars() {
            let one = self.folded.get(c).unwrap_or(SEVERAL);
            if one > SEVERAL {
                h = (h ^ one as u64).wrapping_mul(PRIME);
                continue;
            }
            let alone = stands_alone(c);
            let inside = one == SEVERAL && !alone && (c.is_alphanumeric() || mark(c));
            if !inside && h != EMPTY {
                self.hashes.push(h);
                h = EMPTY;
            }
            if inside {
                fold(c, |c| h = (h ^ c as u64).wrapping_mul(PRIME));
            } else if alone {
                self.hashes.push((EMPTY ^ c as u64).wrapping_mul(PRIME));
            }
        }
        if h != EMPTY {
            self.hashes.push(h);
        }
    }

    pub fn hashes(&self) -> &[u64] {
        &self.hashes
    }
}

/// Case folding, by way of the capital: so ß is ss, and both small sigmas are one.
/// The dotless ı stays what it is.
fn fold(c: char, mut each: impl FnMut(char)) {
    if c == 'ı' {
        return each(c);
    }
    c.to_uppercase().for_each(|c| c.to_lowercase().for_each(&mut each));
}

/// Marks that belong to the letter before; others part words as signs do.
fn mark(c: char) -> bool {
    matches!(c as u32, 0x300..=0x36f | 0x483..=0x487 | 0x591..=0x5bd | 0x610..=0x61a | 0x64b..=0x65f | 0x670 | 0x93a..=0x94f | 0x200c | 0x200d)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        let (mut x, mut y) = (Words::default(), Words::default());
        x.set(a);
        y.set(b);
        x.hashes == y.hashes
    }

    #[test]
    fn folds() {
        for (a, b) in [("Weiß", "WEISS"), ("ΣΑΣ", "σας"), ("Ёлка", "ЁЛКА"), ("ﬁn", "FIN"), ("a-b", "A b"), ("É", "é")]
        {
            assert!(same(a, b), "{a} {b}");
        }
        for (a, b) in [("ı", "i"), ("е", "ё"), ("ab", "a b"), ("a", "ａ")] {
            assert!(!same(a, b), "{a} {b}");
        }
        assert!(same("你好", "你 好") && same("مُحَمَّد", "مُحَمَّد"));
    }
}
