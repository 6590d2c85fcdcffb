//! Drops rows whose answer repeats itself. See README.md.

#![cfg_attr(target_arch = "wasm32", no_std)]

use guest::{Config, Filter, Row, String, Vec, Verdict, export};
use text::{Counts, Letters, chain, hash, head, length, share, stands_alone};

const CHARACTERS: u16 = 1;
const WORDS: u16 = 2;
const LINES: u16 = 3;

const CHARACTERS_N: usize = 10; // characters that are compared together
const WORDS_N: usize = 5;

pub struct Repetition {
    characters_max: f64,
    words_max: f64,
    lines_max: f64,
    measure: Measure,
}

/// Measures a text; what it holds is reused from row to row.
#[derive(Default)]
struct Measure {
    counts: Counts,
    points: Vec<u32>,
    words: Vec<u64>,
    letters: Letters,
}

impl Filter for Repetition {
    fn new(c: &Config) -> Result<Repetition, String> {
        Ok(Repetition {
            characters_max: c.number("characters_max")?,
            words_max: c.number("words_max")?,
            lines_max: c.number("lines_max")?,
            measure: Measure::default(),
        })
    }

    fn row(&mut self, row: &Row) -> Verdict {
        let answer = head(row.answer());
        let (characters, words, lines) =
            (self.measure.characters(answer), self.measure.words(answer), self.measure.lines(answer));
        let reason = if characters > self.characters_max {
            CHARACTERS
        } else if words > self.words_max {
            WORDS
        } else if lines > self.lines_max {
            LINES
        } else {
            0
        };
        Verdict { reason, score: characters.max(words).max(lines) as f32 }
    }
}

impl Measure {
    /// The share of runs of ten characters that stood there before.
    fn characters(&mut self, text: &str) -> f64 {
        self.points.clear();
        let mut blank = true;
        for c in text.chars() {
            if !c.is_whitespace() {
                self.points.push(c as u32);
            } else if !blank {
                self.points.push(' ' as u32);
            }
            blank = c.is_whitespace();
        }
        // A polynomial over the last ten, modulo 2^64.
        const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
        const LAST: u64 = power(BASE, CHARACTERS_N);
        let runs = (self.points.len() + 1).saturating_sub(CHARACTERS_N);
        self.counts.clear(runs);
        let (mut h, mut repeated) = (0u64, 0);
        for (i, &c) in self.points.iter().enumerate() {
            h = h.wrapping_mul(BASE).wrapping_add(c as u64 + 1);
            if i >= CHARACTERS_N {
                h = h.wrapping_sub((self.points[i - CHARACTERS_N] as u64 + 1).wrapping_mul(LAST));
            }
            if i + 1 >= CHARACTERS_N {
                repeated += (self.counts.add(h) > 0) as usize;
            }
        }
        share(repeated, runs)
    }

    /// The share of runs of five words that stood there before. A character of a
    /// script without spaces is a word.
    fn words(&mut self, text: &str) -> f64 {
        self.words.clear();
        let mut from = None;
        for (i, c) in text.char_indices() {
            let alone = stands_alone(c);
            if !alone && self.letters.is(c) {
                from = from.or(Some(i));
                continue;
            }
            if let Some(from) = from.take() {
                self.words.push(hash(&text.as_bytes()[from..i]));
            }
            if alone {
                self.words.push(hash(&text.as_bytes()[i..i + c.len_utf8()]));
            }
        }
        if let Some(from) = from {
            self.words.push(hash(&text.as_bytes()[from..]));
        }
        let runs = (self.words.len() + 1).saturating_sub(WORDS_N);
        self.counts.clear(runs);
        let counts = &mut self.counts;
        let again = |w: &&[u64]| counts.add(w.iter().fold(0, |h, &w| chain(h, w))) > 0;
        share(self.words.windows(WORDS_N).filter(again).count(), runs)
    }

    /// The share of characters in lines that stood there before.
    fn lines(&mut self, text: &str) -> f64 {
        let lines = || text.lines().map(str::trim).filter(|l| !l.is_empty());
        self.counts.clear(lines().count());
        let (mut all, mut repeated) = (0, 0);
        for line in lines() {
            let n = length(line);
            all += n;
            if self.counts.add(hash(line.as_bytes())) > 0 {
                repeated += n;
            }
        }
        share(repeated, all)
    }
}

const fn power(base: u64, n: usize) -> u64 {
    if n == 0 { 1 } else { base.wrapping_mul(power(base, n - 1)) }
}

export!(Repetition);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures() {
        let mut m = Measure::default();
        for (text, characters, words, lines) in [
            ("", 0.0, 0.0, 0.0),
            ("aaaaaaaaaa", 0.0, 0.0, 0.0),
            ("aaaaaaaaaaa", 0.5, 0.0, 0.0),
            ("a b c d e f g h i j k l m n", 0.0, 0.0, 0.0),
            ("no no no no no no", 0.625, 0.5, 0.0),
            ("да да да да да да", 0.625, 0.5, 0.0),
            ("abcdefghij\nabcdefghij", 1.0 / 12.0, 0.0, 0.5),
            ("你好你好你好你好", 0.0, 0.5, 0.0),
            ("one two three four five six, one two three four five six", 18.0 / 47.0, 2.0 / 8.0, 0.0),
        ] {
            assert_eq!((m.characters(text), m.words(text), m.lines(text)), (characters, words, lines), "{text}");
        }
    }

    /// The rolling hash against runs taken one by one.
    #[test]
    fn rolls() {
        let text = "the cat sat on the mat, the cat sat on the hat; the cat — кот, кот, кот!";
        let points: Vec<char> = text.chars().collect();
        let runs: Vec<&[char]> = points.windows(CHARACTERS_N).collect();
        let again = (0..runs.len()).filter(|&i| runs[..i].contains(&runs[i])).count();
        assert_eq!(Measure::default().characters(text), again as f64 / runs.len() as f64);
    }
}
