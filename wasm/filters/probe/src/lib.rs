//! The filter that tests the host: it reads one column, named by the option
//! `column`, and answers with a number made from it. It is not bundled.

#![cfg_attr(target_arch = "wasm32", no_std)]

use guest::{Config, Filter, Row, String, Vec, Verdict, export};

pub struct Probe {
    column: String,
    blob: Vec<u8>,
}

impl Filter for Probe {
    fn new(c: &Config) -> Result<Probe, String> {
        let column = c.string("column")?;
        if column == "none" {
            return Err("no such column".into());
        }
        Ok(Probe { column, blob: c.blob("words").unwrap_or(&[]).to_vec() })
    }

    fn row(&mut self, row: &Row) -> Verdict {
        Verdict::keep(match self.column.as_str() {
            "question" => hash(row.question()),
            "answer" => hash(row.answer()),
            "context" => hash(row.context()),
            "id" => hash(row.id()),
            "lang" => hash(row.lang()),
            "source" => hash(row.source()),
            "dialogue" => hash(row.dialogue_id()),
            "turn" => row.turn() as f32,
            "number" => row.number() as f32,
            "similarity" => row.similarity().unwrap_or(-2.0),
            "scores" => row.scores().fold(0.0, |sum, s| 2.0 * sum + s.value + hash(s.name)),
            "blob" => self.blob.len() as f32,
            _ => cosine(row.question_embedding(), row.answer_embedding()),
        })
    }
}

/// 24 bits of FNV-1a, which a float32 holds.
fn hash(s: &str) -> f32 {
    let h = s.bytes().fold(0x811c_9dc5u32, |h, c| (h ^ c as u32).wrapping_mul(0x0100_0193));
    (h & 0xff_ffff) as f32
}

/// x·y, x·x and y·y.
#[cfg(target_arch = "wasm32")]
#[target_feature(enable = "simd128")]
fn sums(x: &[f32], y: &[f32]) -> [f32; 3] {
    use core::arch::wasm32::*;
    let mut sums = [f32x4_splat(0.0); 3];
    for (u, v) in x.as_chunks::<4>().0.iter().zip(y.as_chunks::<4>().0) {
        let (u, v) = (f32x4(u[0], u[1], u[2], u[3]), f32x4(v[0], v[1], v[2], v[3]));
        for (sum, product) in sums.iter_mut().zip([f32x4_mul(u, v), f32x4_mul(u, u), f32x4_mul(v, v)]) {
            *sum = f32x4_add(*sum, product);
        }
    }
    sums.map(|s| {
        f32x4_extract_lane::<0>(s) + f32x4_extract_lane::<1>(s) + f32x4_extract_lane::<2>(s) + f32x4_extract_lane::<3>(s)
    })
}

#[cfg(not(target_arch = "wasm32"))]
fn sums(x: &[f32], y: &[f32]) -> [f32; 3] {
    let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(u, v)| u * v).sum();
    [dot(x, y), dot(x, x), dot(y, y)]
}

fn cosine(x: &[f32], y: &[f32]) -> f32 {
    #[allow(unused_unsafe)] // needed on wasm32 only
    let [dot, a, b] = unsafe { sums(x, y) };
    let sums = a > 0.0 && b > 0.0 && (a + b + dot).is_finite(); // squares may vanish, and overflow
    if sums { dot / root(a) / root(b) } else { 0.0 }
}

/// The square root by Newton's method: core has none.
fn root(x: f32) -> f32 {
    let mut r = f32::from_bits((x.to_bits() >> 1) + 0x1fc0_0000);
    for _ in 0..4 {
        r = 0.5 * (r + x / r);
    }
    r
}

export!(Probe);
