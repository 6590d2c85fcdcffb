//! alike drops rows with a short text, and those whose two vectors point apart.

use cubeset_filter::{export, Config, Filter, Row, Verdict};

mod dot;

const SHORT: u16 = 1; // the reasons of manifest.json
const APART: u16 = 2;

pub struct Alike {
    characters_min: f64,
    dot_min: f32,
}

impl Filter for Alike {
    fn new(c: &Config) -> Result<Alike, String> {
        Ok(Alike { characters_min: c.number("characters_min")?, dot_min: c.number("dot_min")? as f32 })
    }

    fn row(&mut self, r: &Row) -> Verdict {
        let d = dot::dot(r.question_embedding, r.answer_embedding);
        let characters = r.question.chars().count().min(r.answer.chars().count());
        match d {
            _ if (characters as f64) < self.characters_min => Verdict::drop(SHORT, d),
            _ if d < self.dot_min => Verdict::drop(APART, d),
            _ => Verdict::keep(d),
        }
    }
}

export!(Alike);

#[cfg(test)]
mod tests;
