//! The repetition rules of MassiveText (Rae et al. 2021, table A1), on the answer.
//! See README.md.

#![cfg_attr(target_arch = "wasm32", no_std)]

mod measure;

use guest::{Config, Filter, Row, String, Verdict, export};
use measure::{Measure, RULES};
use text::head;

/// The options, in the order of the reasons 1 to 13.
const OPTIONS: [&str; RULES] = [
    "paragraphs_max",
    "paragraph_characters_max",
    "lines_max",
    "line_characters_max",
    "top_2_max",
    "top_3_max",
    "top_4_max",
    "repeated_5_max",
    "repeated_6_max",
    "repeated_7_max",
    "repeated_8_max",
    "repeated_9_max",
    "repeated_10_max",
];

pub struct GopherRepetition {
    max: [f64; RULES],
    measure: Measure,
}

impl Filter for GopherRepetition {
    fn new(c: &Config) -> Result<GopherRepetition, String> {
        let mut max = [0.0; RULES];
        for (max, option) in max.iter_mut().zip(OPTIONS) {
            *max = c.number(option)?;
        }
        Ok(GopherRepetition { max, measure: Measure::default() })
    }

    fn row(&mut self, row: &Row) -> Verdict {
        let shares = self.measure.shares(head(row.answer()));
        let reason = (0..RULES).find(|&k| shares[k] > self.max[k]).map_or(0, |k| k as u16 + 1);
        Verdict { reason, score: shares.iter().fold(0.0, |a: f64, &b| a.max(b)) as f32 }
    }
}

export!(GopherRepetition);
