//! Drops rows that consist of web addresses for a good part. See README.md.

#![cfg_attr(target_arch = "wasm32", no_std)]

use guest::{Config, Filter, Row, String, Verdict, export};
use text::{head, length, share};

const QUESTION: u16 = 1;
const ANSWER: u16 = 2;

pub struct Url {
    question_max: f64,
    answer_max: f64,
}

impl Filter for Url {
    fn new(c: &Config) -> Result<Url, String> {
        Ok(Url { question_max: c.number("question_max")?, answer_max: c.number("answer_max")? })
    }

    fn row(&mut self, row: &Row) -> Verdict {
        let (question, answer) = (addresses(head(row.question())), addresses(head(row.answer())));
        let reason = if question > self.question_max {
            QUESTION
        } else if answer > self.answer_max {
            ANSWER
        } else {
            0
        };
        Verdict { reason, score: answer as f32 }
    }
}

/// The share of characters that belong to addresses.
fn addresses(text: &str) -> f64 {
    let bytes = text.as_bytes();
    let (mut found, mut at) = (0, 0);
    while at < bytes.len() {
        let starts = match bytes[at] | 0x20 {
            b'h' | b'f' | b'w' => (at == 0 || !bytes[at - 1].is_ascii_alphanumeric()) && begins(&bytes[at..]),
            _ => false,
        };
        if !starts {
            at += 1;
            continue;
        }
        let end = at + end(&text[at..]);
        found += length(&text[at..end]);
        at = end;
    }
    if found == 0 { 0.0 } else { share(found, length(text)) }
}

#[inline(never)] // what is rare stays out of the loop, all of which is metered
fn begins(rest: &[u8]) -> bool {
    ["http://", "https://", "ftp://", "www."].iter().any(|p| {
        let (head, tail) = rest.split_at(p.len().min(rest.len()));
        head.eq_ignore_ascii_case(p.as_bytes())
            && tail.first().is_some_and(|&b| b.is_ascii_alphanumeric() || !b.is_ascii())
    })
}

/// Where the address that starts here ends: at white space, quotes, angles or a
/// sign of Chinese and Japanese, and before the signs that end a sentence. A
/// closing bracket belongs to it only if it was opened inside.
#[inline(never)]
fn end(rest: &str) -> usize {
    let (mut depth, mut end) = (0usize, 0);
    for (i, c) in rest.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => break,
            ')' => depth -= 1,
            '"' | '<' | '>' | '`' | '»' | '”' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff20}' => break,
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | ']' | '…' => continue,
            c if c.is_whitespace() => break,
            _ => {}
        }
        end = i + c.len_utf8();
    }
    end.max(1)
}

export!(Url);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_addresses() {
        for (text, want) in [
            ("", ""),
            ("no address", ""),
            ("see https://a.example/b?c=d#e.", "https://a.example/b?c=d#e"),
            ("(http://a.example/x_(y))", "http://a.example/x_(y)"),
            ("[text](https://a.example)!", "https://a.example"),
            ("WWW.A.EXAMPLE, ok", "WWW.A.EXAMPLE"),
            ("смотри http://пример.рф/путь…", "http://пример.рф/путь"),
            ("请看https://a.example。谢谢", "https://a.example"),
            ("http://", ""),
            ("https:// x", ""),
            ("awww.x", ""),
            ("<a href=\"ftp://a.example/f\">", "ftp://a.example/f"),
        ] {
            assert_eq!(addresses(text), share(length(want), length(text)), "{text}");
        }
    }
}
