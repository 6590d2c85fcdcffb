//! @NAME@ drops rows whose answer is too short.

use cubeset_filter::{export, Config, Filter, Row, Verdict};

pub const ANSWER_SHORT: u16 = 1; // a reason of manifest.json

pub struct Short {
    answer_min: f64,
}

impl Filter for Short {
    fn new(config: &Config) -> Result<Short, String> {
        let answer_min = config.number("answer_min")?;
        Ok(Short { answer_min })
    }

    fn row(&mut self, row: &Row) -> Verdict {
        let n = row.answer.chars().count() as f32;
        if f64::from(n) < self.answer_min {
            return Verdict::drop(ANSWER_SHORT, n);
        }
        Verdict::keep(n)
    }
}

export!(Short);

#[cfg(test)]
mod tests;
