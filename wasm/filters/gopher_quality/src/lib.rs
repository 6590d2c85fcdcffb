//! The quality rules of MassiveText (Rae et al. 2021, section A1.1), on the
//! answer. See README.md.

#![cfg_attr(target_arch = "wasm32", no_std)]

use guest::{Config, Filter, Row, String, Verdict, export};
use text::{head, share};

const WORDS_FEW: u16 = 1;
const WORDS_MANY: u16 = 2;
const WORDS_SHORT: u16 = 3;
const WORDS_LONG: u16 = 4;
const HASHES: u16 = 5;
const ELLIPSES: u16 = 6;
const BULLETS: u16 = 7;
const ELLIPSIS_LINES: u16 = 8;
const NOT_ALPHABETIC: u16 = 9;
const STOP_WORDS: u16 = 10;

const STOP: [&[u8]; 8] = [b"the", b"be", b"to", b"of", b"and", b"that", b"have", b"with"];

pub struct GopherQuality {
    words_min: f64,
    words_max: f64,
    word_length_min: f64,
    word_length_max: f64,
    symbols_max: f64,
    bullet_lines_max: f64,
    ellipsis_lines_max: f64,
    alphabetic_min: f64,
    stop_words_min: f64,
}

/// What the rules are about.
#[derive(Debug, Default, PartialEq)]
struct Measures {
    words: usize,      // pieces between white space that hold a letter or digit
    characters: usize, // of the words, without the signs around them
    alphabetic: usize, // words with a letter
    stop_words: u32,   // different ones
    hashes: usize,
    ellipses: usize,
    lines: usize,
    bullets: usize,
    ellipsis_lines: usize,
}

impl Filter for GopherQuality {
    fn new(c: &Config) -> Result<GopherQuality, String> {
        Ok(GopherQuality {
            words_min: c.number("words_min")?,
            words_max: c.number("words_max")?,
            word_length_min: c.number("word_length_min")?,
            word_length_max: c.number("word_length_max")?,
            symbols_max: c.number("symbols_max")?,
            bullet_lines_max: c.number("bullet_lines_max")?,
            ellipsis_lines_max: c.number("ellipsis_lines_max")?,
            alphabetic_min: c.number("alphabetic_min")?,
            stop_words_min: c.number("stop_words_min")?,
        })
    }

    fn row(&mut self, row: &Row) -> Verdict {
        let m = Measures::of(head(row.answer()));
        Verdict { reason: self.judge(&m), score: m.words as f32 }
    }
}

impl GopherQuality {
    fn judge(&self, m: &Measures) -> u16 {
        let words = m.words as f64;
        let length = share(m.characters, m.words);
        let rules = [
            (WORDS_FEW, words < self.words_min),
            (WORDS_MANY, words > self.words_max),
            (WORDS_SHORT, length < self.word_length_min),
            (WORDS_LONG, length > self.word_length_max),
            (HASHES, share(m.hashes, m.words) > self.symbols_max),
            (ELLIPSES, share(m.ellipses, m.words) > self.symbols_max),
            (BULLETS, share(m.bullets, m.lines) > self.bullet_lines_max),
            (ELLIPSIS_LINES, share(m.ellipsis_lines, m.lines) > self.ellipsis_lines_max),
            (NOT_ALPHABETIC, share(m.alphabetic, m.words) < self.alphabetic_min),
            (STOP_WORDS, (m.stop_words as f64) < self.stop_words_min),
        ];
        rules.iter().find(|(_, broken)| *broken).map_or(0, |(reason, _)| *reason)
    }
}

impl Measures {
    fn of(text: &str) -> Measures {
        let mut m = Measures::default();
        let mut stop = 0u32;
        for word in text.split_whitespace() {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            if word.is_empty() {
                continue;
            }
            m.words += 1;
            m.characters += word.chars().count();
            m.alphabetic += word.chars().any(char::is_alphabetic) as usize;
            if let Some(i) = STOP.iter().position(|s| word.as_bytes().eq_ignore_ascii_case(s)) {
                stop |= 1 << i;
            }
        }
        m.stop_words = stop.count_ones();
        (m.hashes, m.ellipses) = symbols(text);
        for line in text.lines() {
            let line = line.trim();
            m.lines += 1;
            m.bullets += line.starts_with(['•', '-']) as usize;
            m.ellipsis_lines += (line.ends_with("...") || line.ends_with('…')) as usize;
        }
        m
    }
}

/// The number of # and of ellipses, in one glance.
fn symbols(text: &str) -> (usize, usize) {
    let (mut hashes, mut ellipses, mut dots) = (0, 0, 0);
    for b in text.bytes() {
        hashes += (b == b'#') as usize;
        dots = if b == b'.' { dots + 1 } else { 0 };
        if dots == 3 {
            ellipses += 1;
            dots = 0;
        }
    }
    (hashes, ellipses + text.matches('…').count())
}

export!(GopherQuality);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures() {
        let m = Measures::of("- The cat's #1 … \"food\" costs 5.\n• And to be... the end...\n\n— … 你好");
        assert_eq!(
            m,
            Measures {
                words: 12,
                characters: 3 + 5 + 1 + 4 + 5 + 1 + 3 + 2 + 2 + 3 + 3 + 2,
                alphabetic: 10,
                stop_words: 4,
                hashes: 1,
                ellipses: 4,
                lines: 4,
                bullets: 2,
                ellipsis_lines: 1,
            }
        );
        assert_eq!(symbols("......."), (0, 2));
    }
}
