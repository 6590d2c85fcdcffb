//! columns hashes all it is given.

use cubeset_filter::{export, log, Config, Filter, Level, Row, Verdict};

pub struct Columns {
    seed: Hash,
}

impl Filter for Columns {
    fn new(c: &Config) -> Result<Columns, String> {
        let text = c.string("text")?;
        if text == "fail" {
            return Err("asked to fail".to_string());
        }
        let mut h = Hash(2166136261);
        h.bytes(&c.number("number")?.to_le_bytes());
        h.word(c.bool("flag")? as u32);
        h.text(text.as_bytes());
        h.text(c.blob("words").unwrap_or(b""));
        log(Level::Info, "hashed the options");
        Ok(Columns { seed: h })
    }

    fn row(&mut self, r: &Row) -> Verdict {
        let mut h = self.seed;
        if r.answer.contains("trap") {
            panic!("asked to trap");
        }
        h.bytes(&r.number.to_le_bytes());
        for s in [r.question, r.answer, r.context, r.id, r.lang, r.source, r.dialogue_id] {
            h.text(s.as_bytes());
        }
        h.word(r.turn as u32);
        h.word(r.similarity.to_bits());
        for (x, y) in r.question_embedding.iter().zip(r.answer_embedding) {
            h.word(x.to_bits());
            h.word(y.to_bits());
        }
        for (name, value) in r.scores.iter() {
            h.text(name.as_bytes());
            h.word(value.to_bits());
        }
        let score = (h.0 & 0xffffff) as f32;
        if h.0 >> 24 & 1 != 0 {
            return Verdict::drop(7, score);
        }
        Verdict::keep(score)
    }
}

export!(Columns);

/// FNV-1a.
#[derive(Clone, Copy)]
struct Hash(u32);

impl Hash {
    fn bytes(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = (self.0 ^ u32::from(*b)).wrapping_mul(16777619);
        }
    }

    fn text(&mut self, bytes: &[u8]) {
        self.bytes(bytes);
        self.bytes(&[0]);
    }

    fn word(&mut self, v: u32) {
        self.bytes(&v.to_le_bytes());
    }
}
