//! The rules of C4 (Raffel et al. 2020, section 2.2), on the answer. See README.md.

#![cfg_attr(target_arch = "wasm32", no_std)]

use guest::{Config, Filter, Row, String, Verdict, export};
use text::{head, sentence_end};

const LOREM_IPSUM: u16 = 1;
const CURLY_BRACKET: u16 = 2;
const SENTENCES: u16 = 3;

const POLICY: [&str; 6] =
    ["terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"];

pub struct C4 {
    sentences_min: f64,
    line_words_min: f64,
    word_length_max: f64,
    line_end: bool,
    curly_bracket: bool,
}

impl Filter for C4 {
    fn new(c: &Config) -> Result<C4, String> {
        Ok(C4 {
            sentences_min: c.number("sentences_min")?,
            line_words_min: c.number("line_words_min")?,
            word_length_max: c.number("word_length_max")?,
            line_end: c.bool("line_end")?,
            curly_bracket: c.bool("curly_bracket")?,
        })
    }

    fn row(&mut self, row: &Row) -> Verdict {
        let mut total = 0;
        for line in head(row.answer()).lines() {
            match self.line(line.trim()) {
                Line::Ends(reason) => return Verdict::drop(reason, total as f32),
                Line::Left => {}
                Line::Kept(n) => total += n,
            }
        }
        let reason = if (total as f64) < self.sentences_min { SENTENCES } else { 0 };
        Verdict { reason, score: total as f32 }
    }
}

/// What the rules say of one line.
#[derive(Debug, PartialEq)]
enum Line {
    Left,        // it does not count
    Ends(u16),   // the whole text is dropped
    Kept(usize), // with so many sentences
}

impl C4 {
    fn line(&self, line: &str) -> Line {
        let (mut words, mut long) = (0, false);
        for w in line.split_whitespace() {
            words += 1;
            long |= w.len() as f64 > self.word_length_max && w.chars().count() as f64 > self.word_length_max;
        }
        let body = without_citations(line);
        let ended = body.ends_with(['.', '?', '!', '"', '\'']) && !body.ends_with("...");
        if long || self.line_end && !ended || (words as f64) < self.line_words_min {
            return Line::Left;
        }
        if holds(line, "lorem ipsum") {
            return Line::Ends(LOREM_IPSUM);
        }
        if holds(line, "javascript") {
            return Line::Left;
        }
        if self.curly_bracket && line.contains('{') {
            return Line::Ends(CURLY_BRACKET);
        }
        if POLICY.iter().any(|p| holds(line, p)) {
            return Line::Left;
        }
        Line::Kept(sentences(body))
    }
}

/// The line without the citations at its end, such as [12] and [edit].
fn without_citations(mut line: &str) -> &str {
    while let Some(at) = line.rfind('[').filter(|&at| citation(&line[at..]) == line.len() - at) {
        line = &line[..at];
    }
    line
}

/// The bytes of the citation at the start, 0 if there is none.
fn citation(rest: &str) -> usize {
    match rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
        Some((m, _)) if m.bytes().all(|b| b.is_ascii_digit()) || m == "edit" || m == "citation needed" => m.len() + 2,
        _ => 0,
    }
}

/// The number of sentences of a line: one, and one more after each sign that ends
/// one, closing quotes and brackets, and white space. Citations are not there.
fn sentences(line: &str) -> usize {
    let (mut n, mut ended, mut skip) = (1, false, 0);
    for (i, c) in line.trim_end().char_indices() {
        if c == '[' {
            skip = skip.max(i + citation(&line[i..]));
        }
        if i < skip {
            continue;
        }
        if sentence_end(c) {
            ended = true;
        } else if ended && c.is_whitespace() {
            n += 1;
            ended = false;
        } else if !matches!(c, '"' | '\'' | ')' | ']' | '»' | '”' | '’') {
            ended = false;
        }
    }
    n
}

/// Whether the line holds the words, in whatever case of ASCII.
fn holds(line: &str, words: &str) -> bool {
    let (line, words) = (line.as_bytes(), words.as_bytes());
    let first = words[0];
    line.len() >= words.len()
        && (0..=line.len() - words.len())
            .any(|i| line[i] | 0x20 == first && line[i..i + words.len()].eq_ignore_ascii_case(words))
}

export!(C4);

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: C4 =
        C4 { sentences_min: 5.0, line_words_min: 3.0, word_length_max: 1000.0, line_end: true, curly_bracket: true };

    #[test]
    fn judges_lines() {
        for (line, want) in [
            ("", Line::Left),
            ("No end of sentence here", Line::Left),
            ("It goes on...", Line::Left),
            ("Too short.", Line::Left),
            ("This is fine.", Line::Kept(1)),
            ("This is fine.[12][edit]", Line::Kept(1)),
            ("This is fine.[12] This [is [3] too.", Line::Kept(2)),
            ("One is. Two are! Are three? \"Four are.\" Five", Line::Left),
            ("One is. Two are! Are three? \"Four are.\" Five.", Line::Kept(5)),
            ("Version 1.5 is out.", Line::Kept(1)),
            ("Some Lorem IPSUM text.", Line::Ends(LOREM_IPSUM)),
            ("Please enable JavaScript now {}.", Line::Left),
            ("A { in text.", Line::Ends(CURLY_BRACKET)),
            ("We use cookies here.", Line::Left),
            ("Read our Privacy Policy here.", Line::Left),
        ] {
            assert_eq!(RULES.line(line), want, "{line}");
        }
        assert_eq!(RULES.line(&["a b ", &"x".repeat(1001), "."].concat()), Line::Left);
    }
}
