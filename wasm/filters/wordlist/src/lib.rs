//! Drops rows that hold a word or phrase of a list. See README.md.

#![cfg_attr(target_arch = "wasm32", no_std)]

mod fold;

use fold::Words;
use guest::{Config, Filter, Row, String, Vec, Verdict, export};
use text::{chain, head};

const QUESTION: u16 = 1;
const ANSWER: u16 = 2;

const BLOB: &str = "words"; // the blob with the list
const PHRASE_MAX: usize = 16; // words of an entry

pub struct Wordlist {
    question: bool,
    answer: bool,
    hits_max: f64,
    list: List,
    words: Words,
}

impl Filter for Wordlist {
    fn new(c: &Config) -> Result<Wordlist, String> {
        let mut list = List::default();
        let blob = c.blob(BLOB).unwrap_or(&[]);
        let Ok(blob) = core::str::from_utf8(blob) else {
            return Err("the blob words is not UTF-8".into());
        };
        blob.lines().try_for_each(|line| list.add(line))?;
        c.string("words")?.split(',').try_for_each(|entry| list.add(entry))?;
        if list.entries.is_empty() {
            return Err("no words: give the option words or the blob words".into());
        }
        list.entries.sort_unstable();
        list.entries.dedup();
        Ok(Wordlist {
            question: c.bool("question")?,
            answer: c.bool("answer")?,
            hits_max: c.number("hits_max")?,
            list,
            words: Words::default(),
        })
    }

    fn row(&mut self, row: &Row) -> Verdict {
        let mut hits = |wanted: bool, text: &str| {
            self.words.set(if wanted { head(text) } else { "" });
            self.list.hits(self.words.hashes())
        };
        let (question, answer) = (hits(self.question, row.question()), hits(self.answer, row.answer()));
        let reason = if question as f64 > self.hits_max {
            QUESTION
        } else if answer as f64 > self.hits_max {
            ANSWER
        } else {
            0
        };
        Verdict { reason, score: (question + answer) as f32 }
    }
}

/// The entries, as hashes of their words.
#[derive(Default)]
struct List {
    entries: Vec<u64>,           // sorted
    lengths: [bool; PHRASE_MAX], // whether there are entries of 1, 2, … words
    words: Words,
}

impl List {
    /// Adds one line; empty ones and those with # at the start say nothing.
    fn add(&mut self, line: &str) -> Result<(), String> {
        if line.trim_start().starts_with('#') {
            return Ok(());
        }
        self.words.set(line);
        match self.words.hashes().len() {
            0 if line.trim().is_empty() => return Ok(()),
            0 => return Err("an entry has no letters and no digits".into()),
            n if n > PHRASE_MAX => return Err("an entry has more than 16 words".into()),
            n => self.lengths[n - 1] = true,
        }
        self.entries.push(self.words.hashes().iter().fold(0, |h, &w| chain(h, w)));
        Ok(())
    }

    /// The number of places where an entry begins.
    fn hits(&self, words: &[u64]) -> usize {
        let longest = self.lengths.iter().rposition(|&l| l).map_or(0, |i| i + 1);
        let starts = |i: &usize| {
            let mut h = 0;
            words[*i..].iter().take(longest).enumerate().any(|(k, &w)| {
                h = chain(h, w);
                self.lengths[k] && self.entries.binary_search(&h).is_ok()
            })
        };
        (0..words.len()).filter(starts).count()
    }
}

export!(Wordlist);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_words_and_phrases() {
        let mut list = List::default();
        for line in ["# a comment", "", "Bad", "very bad idea", "плохой", "坏", "坏人", "straße", "ΟΔΟΣ"]
        {
            list.add(line).unwrap();
        }
        list.entries.sort_unstable();
        let mut words = Words::default();
        for (text, want) in [
            ("", 0),
            ("BAD, bad; badly", 2),
            ("a very bad idea", 2),
            ("a very\nbad — idea?", 2),
            ("a very good idea", 0),
            ("ПЛОХОЙ, неплохой", 1),
            ("他是坏人", 1),
            ("STRASSE Straße", 2),
            ("οδος οδός", 1),
        ] {
            words.set(text);
            assert_eq!(list.hits(words.hashes()), want, "{text}");
        }
        assert!(list.add("???").is_err() && list.add(&"a ".repeat(17)).is_err());
    }
}
