//! Drops rows with what is left of markup and of wrong encodings. See README.md.

#![cfg_attr(target_arch = "wasm32", no_std)]

mod markup;
mod mojibake;
mod scan;

use guest::{Config, Filter, Row, String, Verdict, export};
use scan::{KINDS, Scan};
use text::head;

/// The options, in the order of the reasons 1 to 5.
const OPTIONS: [&str; KINDS] = ["broken_max", "invisible_max", "mojibake_max", "markup_max", "blob_max"];

pub struct Junk {
    max: [f64; KINDS],
}

impl Filter for Junk {
    fn new(c: &Config) -> Result<Junk, String> {
        let mut max = [0.0; KINDS];
        for (max, option) in max.iter_mut().zip(OPTIONS) {
            *max = c.number(option)?;
        }
        Ok(Junk { max })
    }

    fn row(&mut self, row: &Row) -> Verdict {
        let (question, answer) = (Scan::of(head(row.question())), Scan::of(head(row.answer())));
        let reason = match self.reason(&question) {
            0 => self.reason(&answer),
            reason => reason,
        };
        Verdict { reason, score: question.junk().max(answer.junk()) as f32 }
    }
}

impl Junk {
    fn reason(&self, scan: &Scan) -> u16 {
        (0..KINDS).find(|&k| scan.share(k) > self.max[k]).map_or(0, |k| k as u16 + 1)
    }
}

export!(Junk);
