//! Drops rows with personal data and secrets. See README.md.

#![cfg_attr(target_arch = "wasm32", no_std)]

mod address;
mod key;
mod number;
mod plain;

use guest::{Config, Filter, Row, String, Verdict, export};
use plain::Plain;
use text::LOOK_BYTES;

/// What is looked for; the reasons are 1 to 5, in this order, and one more for
/// what was not searched.
const KINDS: [&str; 5] = ["email", "phone", "ip", "card", "key"];
const UNSEARCHED: u16 = 6;

/// The longest text that is searched. To judge a text by its start, as other
/// filters do, would let through what stands behind.
const TEXT_BYTES_MAX: usize = LOOK_BYTES / 2;

pub struct Pii {
    wanted: [bool; KINDS.len()],
    question: bool,
    answer: bool,
    plain: Plain,
}

/// One of the kinds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Email,
    Phone,
    Ip,
    Card,
    Key,
}

/// A place of personal data: its kind, and where it ends.
pub type Found = Option<(Kind, usize)>;

impl Filter for Pii {
    fn new(c: &Config) -> Result<Pii, String> {
        let mut wanted = [false; KINDS.len()];
        for (w, kind) in wanted.iter_mut().zip(KINDS) {
            *w = c.bool(kind)?;
        }
        Ok(Pii { wanted, question: c.bool("question")?, answer: c.bool("answer")?, plain: Plain::default() })
    }

    fn row(&mut self, row: &Row) -> Verdict {
        let mut found = [0u32; KINDS.len()];
        for (wanted, text) in [(self.question, row.question()), (self.answer, row.answer())] {
            if wanted && text.len() > TEXT_BYTES_MAX {
                return Verdict::drop(UNSEARCHED, 0.0);
            }
            if wanted {
                self.plain.set(text);
                search(self.plain.bytes(), |kind| found[kind as usize] += 1);
            }
        }
        let counts = || self.wanted.iter().zip(found).map(|(w, n)| if *w { n } else { 0 });
        let reason = counts().position(|n| n > 0).map_or(0, |k| k as u16 + 1);
        Verdict { reason, score: counts().sum::<u32>() as f32 }
    }
}

/// Reports every place, from the start to the end.
fn search(b: &[u8], mut report: impl FnMut(Kind)) {
    let mut at = 0;
    while at < b.len() {
        let found = match b[at] {
            b'@' => address::email(b, at),
            c if c.is_ascii_digit() && (at == 0 || !b[at - 1].is_ascii_digit()) => {
                address::ip(b, at).or_else(|| number::find(b, at)).or_else(|| key::bot(b, at))
            }
            c if c.is_ascii_alphabetic() && (at == 0 || !plain::word(b[at - 1])) => key::find(b, at),
            b'-' if at == 0 || b[at - 1] != b'-' => key::find(b, at),
            _ => None,
        };
        match found {
            Some((kind, end)) => {
                report(kind);
                at = end.max(at + 1);
            }
            None => at += 1,
        }
    }
}

export!(Pii);

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> guest::Vec<Kind> {
        let (mut plain, mut out) = (Plain::default(), guest::Vec::new());
        plain.set(text);
        search(plain.bytes(), |k| out.push(k));
        out
    }

    #[test]
    fn finds() {
        use Kind::*;
        for (text, want) in [
            ("write to anna.schmidt+news@mail.firma.de, please", Email),
            ("почта: иван@почта.рф.", Email),
            ("邮箱zhang_wei@qq.com谢谢", Email),
            ("<mailto:x@y.co>", Email),
            ("a\u{200b}nna@fir\u{ad}ma.de", Email),
            ("call 415-867-5309 now", Phone),
            ("call (415) 867-5309", Phone),
            ("1 415 867 5309", Phone),
            ("+44 20 7183 8750", Phone),
            ("+7 (916) 123-45-67", Phone),
            ("8 916 123 45 67", Phone),
            ("8(495)123-45-67", Phone),
            ("тел. 89161234567", Phone),
            ("电话13812345678，谢谢", Phone),
            ("１３８１２３４５６７８", Phone),
            ("اتصل على ٠٥٠١٢٣٤٥٦٧ و +966 50 123 4567", Phone),
            ("030/12345678", Phone),
            ("01 23 45 67 89", Phone),
            ("from 93.184.216.34:8080", Ip),
            ("2606:4700:4700::64", Ip),
            ("2a02:6b8:0:1:feed:beef:12:34", Ip),
            ("4111 1111 1111 1111", Card),
            ("card 5555-5555-5555-4444.", Card),
            ("378282246310005", Card),
            ("3782 822463 10005", Card),
            ("2200 0000 0000 0004", Card),
            ("AKIAIOSFODNN7EXAMPLE", Key),
            ("key=ghp_0123456789abcdefghijABCDEFGHIJ012345", Key),
            ("sk-proj-abc123DEF456ghi789JKL", Key),
            ("-----BEGIN RSA PRIVATE KEY-----", Key),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P", Key),
            ("123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0", Key),
            ("postgres://bob:s3cret@db.firma.de/x", Key),
            ("api_key = \"Zm9vYmFyYmF6MTIzNDU2Nzg5\"", Key),
        ] {
            assert_eq!(kinds(text).first(), Some(&want), "{text}");
        }
        assert_eq!(kinds("a@b.de, c@d.fr; 415-867-5309 or 415-867-5310"), [Email, Email, Phone, Phone]);
    }

    #[test]
    fn finds_nothing() {
        for text in [
            "",
            "hello @all, meet @anna at 5 pm",
            "someone@example.com, x@mail.example.org, a@b.test, root@localhost",
            "icon@2x.png, git@github.com:a/b.git",
            "call 212-555-0123, a made-up number",
            "1234567890, 12345678901234567890, 2024-01-02 10:30:00",
            "01.02.2023 10:30, 2023/11/05, 12-31-1999",
            "$1,234,567.89 + 12345678 = 13,580,245.89",
            "<<5000000*12=60000000>>60000000",
            "3.14159265358979, 0.123456789, 1e10",
            "10.0.0.1, 192.168.1.1, 127.0.0.1, 203.0.113.7, 1.2.3.4, 256.1.1.1, v93.184.216.34",
            "12:30:45, std::vector, ::1, fe80::1, 2001:db8::1, a::b",
            "4111 1111 1111 1112, 0000 0000 0000 0000",
            "ISBN 978-3-16-148410-0",
            "sk-learn, sk-very-long-words-without-digits, AKIA, password: hunter2",
            "https://a.example/1234567890123456/4155551212?id=89161234567",
            "token = tokens[position + 1]",
            "one two three, раз два три, 一二三",
        ] {
            assert_eq!(kinds(text), [], "{text}");
        }
    }
}
