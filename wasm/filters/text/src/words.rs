use crate::hash;
use guest::Vec;

/// The pieces of a text between white space, each with its hash and its length
/// in code points. Reused from row to row.
#[derive(Default)]
pub struct Tokens {
    all: Vec<(u64, u32)>,
}

impl Tokens {
    pub fn set(&mut self, text: &str) {
        self.all.clear();
        self.all.extend(text.split_whitespace().map(|w| (hash(w.as_bytes()), w.chars().count() as u32)));
    }

    /// The hashes and lengths.
    pub fn as_slice(&self) -> &[(u64, u32)] {
        &self.all
    }
}

/// Whether a character ends a sentence, in any of the larger scripts.
pub fn sentence_end(c: char) -> bool {
    matches!(
        c,
        '.' | '!'
            | '?'
            | '…'
            | '‼'
            | '⁇'
            | '⁈'
            | '⁉'
            | '。'
            | '！'
            | '？'
            | '．'
            | '｡'
            | '؟'
            | '۔'
            | '।'
            | '॥'
            | '։'
            | '።'
            | '፧'
            | '၊'
            | '။'
            | '។'
            | '៕'
            | '᠃'
            | '᠉'
    )
}

/// Scripts that put no space between words: each character counts as a word.
pub fn stands_alone(c: char) -> bool {
    matches!(c as u32,
        0x0e00..=0x0eff     // Thai, Lao
        | 0x1000..=0x109f   // Myanmar
        | 0x1780..=0x17ff   // Khmer
        | 0x3005..=0x3007   // ideographic repeat, closing and zero
        | 0x3040..=0x30ff   // Hiragana, Katakana
        | 0x31f0..=0x31ff   // Katakana extensions
        | 0x3400..=0x4dbf   // Han
        | 0x4e00..=0x9fff
        | 0xf900..=0xfaff
        | 0x2_0000..=0x3_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits() {
        let mut t = Tokens::default();
        t.set("  Hello,\u{a0}мир \n");
        assert_eq!(t.as_slice(), [(hash("Hello,".as_bytes()), 6), (hash("мир".as_bytes()), 3)]);
        t.set("");
        assert!(t.as_slice().is_empty());
    }

    #[test]
    fn knows_characters() {
        assert!(sentence_end('。') && sentence_end('؟') && !sentence_end(','));
        assert!(stands_alone('好') && stands_alone('ก') && !stands_alone('я'));
    }
}
