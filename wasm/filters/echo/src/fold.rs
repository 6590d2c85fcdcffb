use guest::{String, Vec};

/// A text reduced to its words: lower case, one space between two words, none of
/// the signs. Reused from row to row.
#[derive(Default)]
pub struct Folded {
    text: String,    // " word word "
    words: Vec<u64>, // a hash of each
}

impl PartialEq for Folded {
    fn eq(&self, other: &Folded) -> bool {
        self.text == other.text
    }
}

impl Folded {
    pub fn set(&mut self, text: &str, letters: &Letters) {
        self.text.clear();
        self.words.clear();
        self.text.push(' ');
        let mut hash = EMPTY;
        for c in text.chars() {
            let joins = match letters.fold(c) {
                Letter::Sign => false,
                Letter::Small(c) => {
                    self.letter(c, &mut hash);
                    true
                }
                Letter::Other if stands_alone(c) => {
                    self.end(&mut hash);
                    c.to_lowercase().for_each(|c| self.letter(c, &mut hash));
                    false
                }
                Letter::Other => {
                    c.to_lowercase().for_each(|c| self.letter(c, &mut hash));
                    true
                }
            };
            if !joins {
                self.end(&mut hash);
            }
        }
        self.end(&mut hash);
    }

    fn letter(&mut self, c: char, hash: &mut u64) {
        self.text.push(c);
        *hash = (*hash ^ c as u64).wrapping_mul(PRIME);
    }

    /// Ends the word, if one has begun.
    fn end(&mut self, hash: &mut u64) {
        if *hash != EMPTY {
            self.words.push(*hash);
            self.text.push(' ');
            *hash = EMPTY;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether the words of other stand in here, together and in order.
    pub fn contains(&self, other: &Folded) -> bool {
        self.text.contains(other.text.as_str())
    }

    /// The words both have, over the words either has, each as often as it is
    /// there: 1 for the same words in any order, 0 for none in common. Sorts both.
    pub fn overlap(&mut self, other: &mut Folded) -> f32 {
        self.words.sort_unstable();
        other.words.sort_unstable();
        let (a, b) = (&self.words, &other.words);
        let (mut i, mut j, mut both) = (0, 0, 0usize);
        while i < a.len() && j < b.len() {
            match a[i].cmp(&b[j]) {
                core::cmp::Ordering::Less => i += 1,
                core::cmp::Ordering::Greater => j += 1,
                core::cmp::Ordering::Equal => {
                    i += 1;
                    j += 1;
                    both += 1;
                }
            }
        }
        both as f32 / (a.len() + b.len() - both) as f32
    }
}

/// What to do with a character.
enum Letter {
    Sign,
    Small(char), // a letter or digit, in lower case
    Other,       // a letter or digit that needs a closer look
}

/// The small letters of the scripts below U+0800, Latin to Arabic, looked up once:
/// the library's tables are searched, which costs twenty times as much.
pub struct Letters(Vec<u32>);

const SIGN: u32 = u32::MAX;
const OTHER: u32 = u32::MAX - 1;

impl Letters {
    pub fn new() -> Letters {
        let look = |c: char| match (c.is_alphanumeric(), c.to_lowercase().len()) {
            (false, _) => SIGN,
            (true, 1) => c.to_lowercase().next().map_or(OTHER, |c| c as u32),
            _ => OTHER,
        };
        Letters(('\0'..'\u{800}').map(look).collect())
    }

    fn fold(&self, c: char) -> Letter {
        match self.0.get(c as usize) {
            Some(&SIGN) => Letter::Sign,
            Some(&small) => char::from_u32(small).map_or(Letter::Other, Letter::Small),
            None if ('\u{4e00}'..='\u{9fff}').contains(&c) || c.is_alphanumeric() => Letter::Other,
            None => Letter::Sign,
        }
    }
}

// FNV-1a over code points.
const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// Scripts that put no space between words: each character counts as a word.
fn stands_alone(c: char) -> bool {
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

    fn folded(s: &str) -> Folded {
        let mut f = Folded::default();
        f.set(s, &Letters::new());
        f
    }

    #[test]
    fn folds() {
        for (text, want) in [
            ("", " "),
            ("?! …", " "),
            ("  Hello,\n WORLD!! ", " hello world "),
            ("Ёлка — это ДЕРЕВО.", " ёлка это дерево "),
            ("你好，世界", " 你 好 世 界 "),
            ("iPhone好用", " iphone 好 用 "),
            ("مرحبا، كيف الحال؟", " مرحبا كيف الحال "),
            ("3.14", " 3 14 "),
            ("안녕 세계", " 안녕 세계 "),
            ("İ", " i\u{307} "),
        ] {
            assert_eq!(folded(text).text, want, "{text}");
        }
    }

    #[test]
    fn overlaps() {
        for (a, b, want) in [
            ("a b c", "c b a", 1.0),
            ("a b", "c d", 0.0),
            ("a a b", "a b b", 0.5),
            ("你好吗", "你好", 2.0 / 3.0),
            ("a b c d e f g h i j", "a b c d e f g h i", 0.9),
        ] {
            assert_eq!(folded(a).overlap(&mut folded(b)), want, "{a} / {b}");
        }
    }

    #[test]
    fn contains_whole_words() {
        assert!(folded("do you like tea").contains(&folded("You like tea!")));
        assert!(!folded("do you like teas").contains(&folded("you like tea")));
    }
}
