//! The quality rules of FineWeb (Penedo et al. 2024, section 3.6), on the answer.
//! See README.md.

#![cfg_attr(target_arch = "wasm32", no_std)]

use guest::{Config, Filter, Row, String, Verdict, export};
use text::{Counts, hash, head, length, sentence_end, share};

const LINE_ENDS: u16 = 1;
const SHORT_LINES: u16 = 2;
const REPEATED_LINES: u16 = 3;
const NEW_LINES: u16 = 4;

pub struct Fineweb {
    line_ends_min: f64,
    short_lines_max: f64,
    short_line_length: f64,
    repeated_max: f64,
    new_lines_max: f64,
    counts: Counts,
}

impl Filter for Fineweb {
    fn new(c: &Config) -> Result<Fineweb, String> {
        Ok(Fineweb {
            line_ends_min: c.number("line_ends_min")?,
            short_lines_max: c.number("short_lines_max")?,
            short_line_length: c.number("short_line_length")?,
            repeated_max: c.number("repeated_max")?,
            new_lines_max: c.number("new_lines_max")?,
            counts: Counts::default(),
        })
    }

    fn row(&mut self, row: &Row) -> Verdict {
        let text = head(row.answer());
        let lines = || text.split('\n').filter(|l| !l.trim().is_empty());
        self.counts.clear(lines().count());
        let (mut all, mut ended, mut short, mut repeated, mut characters) = (0, 0, 0, 0, 0);
        for line in lines() {
            let n = length(line);
            all += 1;
            ended += line.ends_with(sentence_end) as usize;
            short += (n as f64 <= self.short_line_length) as usize;
            if self.counts.add(hash(line.as_bytes())) > 0 {
                repeated += n;
            }
        }
        let mut new_lines = 0;
        for part in text.split('\n') {
            characters += length(part);
            new_lines += 1;
        }
        let words = text.split_whitespace().count();
        let ends = share(ended, all);
        let rules = [
            (LINE_ENDS, ends < self.line_ends_min),
            (SHORT_LINES, share(short, all) > self.short_lines_max),
            (REPEATED_LINES, share(repeated, characters) > self.repeated_max),
            (NEW_LINES, share(new_lines - 1, words) > self.new_lines_max),
        ];
        let reason = rules.iter().find(|(_, broken)| *broken).map_or(0, |(reason, _)| *reason);
        Verdict { reason, score: ends as f32 }
    }
}

export!(Fineweb);
