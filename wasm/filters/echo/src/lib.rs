//! Drops rows whose answer only repeats the question. See README.md.

#![cfg_attr(target_arch = "wasm32", no_std)]

mod fold;

use fold::{Folded, Letters};
use guest::{Config, Filter, Row, String, Verdict, export};
use text::head;

const SAME: u16 = 1;
const CONTAINS: u16 = 2;
const OVERLAP: u16 = 3;

pub struct Echo {
    overlap_max: f32,
    contains: bool,
    letters: Letters,
    question: Folded,
    answer: Folded,
}

impl Filter for Echo {
    fn new(c: &Config) -> Result<Echo, String> {
        Ok(Echo {
            overlap_max: c.number("overlap_max")? as f32,
            contains: c.bool("contains")?,
            letters: Letters::new(),
            question: Folded::default(),
            answer: Folded::default(),
        })
    }

    fn row(&mut self, row: &Row) -> Verdict {
        self.question.set(head(row.question()), &self.letters);
        self.answer.set(head(row.answer()), &self.letters);
        if self.question.is_empty() || self.answer.is_empty() {
            // Nothing but signs on one side: compare the texts as they are.
            return if row.question() == row.answer() { Verdict::drop(SAME, 1.0) } else { Verdict::keep(0.0) };
        }
        if self.question == self.answer {
            return Verdict::drop(SAME, 1.0);
        }
        let inside = self.contains && self.question.contains(&self.answer);
        let overlap = self.question.overlap(&mut self.answer);
        if inside {
            Verdict::drop(CONTAINS, overlap)
        } else if overlap >= self.overlap_max {
            Verdict::drop(OVERLAP, overlap)
        } else {
            Verdict::keep(overlap)
        }
    }
}

export!(Echo);
