use crate::batch::{Batch, Block, BATCH_HEADER};
use crate::{log, Config, Filter, Level, Row};

/// The one instance behind the exports; for [`export!`] only.
#[doc(hidden)]
pub struct Guest<F>(std::cell::UnsafeCell<State<F>>);

struct State<F> {
    buffer: Vec<u128>, // the host's: 16-aligned, reused for every batch
    filter: Option<F>,
    error: String,
}

// The host calls a guest from one thread, and no export calls another.
unsafe impl<F> Sync for Guest<F> {}

#[allow(clippy::new_without_default, clippy::mut_from_ref)]
impl<F: Filter> Guest<F> {
    pub const fn new() -> Guest<F> {
        Guest(std::cell::UnsafeCell::new(State { buffer: Vec::new(), filter: None, error: String::new() }))
    }

    fn state(&self) -> &mut State<F> {
        unsafe { &mut *self.0.get() }
    }

    /// The address of at least n bytes, or 0.
    pub fn reserve(&self, n: usize) -> usize {
        let s = self.state();
        let words = n.div_ceil(16).max(1);
        if s.buffer.len() < words {
            s.buffer = Vec::new();
            if s.buffer.try_reserve_exact(words).is_err() {
                return 0;
            }
            s.buffer.resize(words, 0);
        }
        s.buffer.as_ptr() as usize
    }

    pub fn configure(&self, n: usize) -> i32 {
        std::panic::set_hook(Box::new(|info| log(Level::Error, &info.to_string())));
        let s = self.state();
        let made = Config::parse(bytes(&mut s.buffer, n)).and_then(|c| F::new(&c));
        match made {
            Ok(f) => s.filter = Some(f),
            Err(e) => s.error = e,
        }
        s.filter.is_none() as i32
    }

    pub fn filter(&self, n: usize) -> i32 {
        let s = self.state();
        let Some(filter) = &mut s.filter else { return 1 };
        match judge(filter, bytes(&mut s.buffer, n)) {
            Ok(()) => 0,
            Err(e) => {
                s.error = e;
                1
            }
        }
    }

    /// Address and length of the last error.
    pub fn error(&self) -> u64 {
        let e = &self.state().error;
        (e.as_ptr() as u64) << 32 | e.len() as u64
    }
}

/// The first n bytes of the buffer.
fn bytes(buffer: &mut [u128], n: usize) -> &mut [u8] {
    let all = unsafe { std::slice::from_raw_parts_mut(buffer.as_mut_ptr().cast::<u8>(), buffer.len() * 16) };
    &mut all[..n]
}

/// Judges the batch "CSB1" and writes the verdicts, which come last.
fn judge<F: Filter>(filter: &mut F, bytes: &mut [u8]) -> Result<(), String> {
    if bytes.len() < BATCH_HEADER || &bytes[..4] != b"CSB1" {
        return Err(format!("not a batch of {} bytes", bytes.len()));
    }
    let (bytes, verdicts) = bytes.split_at_mut(Block(bytes).word(44));
    let batch = Batch::new(Block(bytes));
    let mut row = Row::default();
    for (i, out) in verdicts.chunks_exact_mut(8).take(batch.rows).enumerate() {
        batch.fill(&mut row, i);
        let v = filter.row(&row);
        out[..2].copy_from_slice(&[(v.reason == 0) as u8, 0]);
        out[2..4].copy_from_slice(&v.reason.to_le_bytes());
        out[4..].copy_from_slice(&v.score.to_le_bytes());
    }
    Ok(())
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
