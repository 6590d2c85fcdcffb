//! The two filters of the benchmark as a plugin for Extism: as one JSON object a
//! row, and as a whole batch of packed bytes, laid out as in wasm/ABI.md.

use extism_pdk::{plugin_fn, FnResult, Json};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Row {
    question: String,
    answer: String,
    #[serde(default)]
    question_embedding: Vec<f32>,
    #[serde(default)]
    answer_embedding: Vec<f32>,
}

#[derive(Serialize)]
struct Verdict {
    keep: bool,
    reason: u16,
    score: f32,
}

fn verdict(reason: u16, score: f32) -> Verdict {
    Verdict { keep: reason == 0, reason, score }
}

fn text(answer: &str) -> Verdict {
    let n = answer.chars().count();
    verdict(u16::from(n < 10), n as f32)
}

fn alike(question: &str, answer: &str, a: &[f32], b: &[f32]) -> Verdict {
    let d = dot(a, b);
    match question.chars().count().min(answer.chars().count()) {
        n if n < 20 => verdict(1, d),
        _ if d < 0.2 => verdict(2, d),
        _ => verdict(0, d),
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut s = [0f32; 4];
    for (x, y) in a.chunks_exact(4).zip(b.chunks_exact(4)) {
        for k in 0..4 {
            s[k] += x[k] * y[k];
        }
    }
    ((s[0] + s[1]) + (s[2] + s[3])).clamp(-1.0, 1.0)
}

#[plugin_fn]
pub fn text_json(Json(r): Json<Row>) -> FnResult<Json<Verdict>> {
    Ok(Json(text(&r.answer)))
}

#[plugin_fn]
pub fn alike_json(Json(r): Json<Row>) -> FnResult<Json<Verdict>> {
    Ok(Json(alike(&r.question, &r.answer, &r.question_embedding, &r.answer_embedding)))
}

#[plugin_fn]
pub fn text_packed(batch: Vec<u8>) -> FnResult<Vec<u8>> {
    let b = Batch(&batch);
    Ok(b.judge(|i| text(b.text(24, i))))
}

#[plugin_fn]
pub fn alike_packed(batch: Vec<u8>) -> FnResult<Vec<u8>> {
    let b = Batch(&batch);
    let (mut x, mut y) = (Vec::new(), Vec::new());
    Ok(b.judge(|i| {
        b.vector(32, i, &mut x);
        b.vector(36, i, &mut y);
        alike(b.text(16, i), b.text(24, i), &x, &y)
    }))
}

struct Batch<'a>(&'a [u8]);

impl<'a> Batch<'a> {
    fn u32(&self, at: usize) -> usize {
        u32::from_le_bytes(self.0[at..at + 4].try_into().unwrap()) as usize
    }

    /// Text i of the column whose offsets are in the header at `field`.
    fn text(&self, field: usize, i: usize) -> &'a str {
        let (offsets, data) = (self.u32(field), self.u32(field + 4));
        let (start, end) = (self.u32(offsets + 4 * i), self.u32(offsets + 4 * i + 4));
        std::str::from_utf8(&self.0[data + start..data + end]).unwrap()
    }

    fn vector(&self, field: usize, i: usize, v: &mut Vec<f32>) {
        let bytes = 4 * self.u32(40);
        let start = self.u32(field) + i * bytes;
        v.clear();
        v.extend(self.0[start..start + bytes].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())));
    }

    fn judge(&self, mut rule: impl FnMut(usize) -> Verdict) -> Vec<u8> {
        let rows = self.u32(8);
        let mut out = Vec::with_capacity(8 * rows);
        for i in 0..rows {
            let v = rule(i);
            out.extend([v.keep as u8, 0]);
            out.extend(v.reason.to_le_bytes());
            out.extend(v.score.to_le_bytes());
        }
        out
    }
}
