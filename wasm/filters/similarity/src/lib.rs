//! Drops rows whose question and answer the teacher finds unlike. See README.md.

#![cfg_attr(target_arch = "wasm32", no_std)]

use guest::{Config, Filter, Row, String, Verdict, export};

const LOW: u16 = 1;

pub struct Similarity {
    min: f32,
}

impl Filter for Similarity {
    fn new(c: &Config) -> Result<Similarity, String> {
        Ok(Similarity { min: c.number("min")? as f32 })
    }

    fn row(&mut self, row: &Row) -> Verdict {
        match row.similarity() {
            Some(cosine) if cosine >= self.min && cosine.is_finite() => Verdict::keep(cosine),
            Some(cosine) if cosine.is_finite() => Verdict::drop(LOW, cosine),
            _ => Verdict::drop(LOW, 0.0),
        }
    }
}

export!(Similarity);
