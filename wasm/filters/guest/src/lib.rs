//! What the bundled filters share: the batch and the configuration of
//! `wasm/ABI.md`, read without copying, and the exports.
//!
//! A filter is a type with the trait [`Filter`] and one line, `export!(Type);`.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod batch;
mod config;
#[cfg(target_arch = "wasm32")]
mod heap;
mod json;

pub use batch::{Batch, Row, Score};
pub use config::Config;

pub use alloc::string::String;
pub use alloc::vec::Vec;

/// What a filter says about one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// 0 keeps the row; anything else is a code of the manifest.
    pub reason: u16,
    /// Finite.
    pub score: f32,
}

impl Verdict {
    pub fn keep(score: f32) -> Verdict {
        Verdict { reason: 0, score }
    }

    pub fn drop(reason: u16, score: f32) -> Verdict {
        Verdict { reason, score }
    }
}

/// A quality filter.
pub trait Filter: Sized {
    /// Reads the options once, before the first row.
    fn new(config: &Config) -> Result<Self, String>;
    /// Judges one row, by what is in it and nothing else.
    fn row(&mut self, row: &Row) -> Verdict;
}

/// Defines the exports of the ABI for a filter.
#[macro_export]
macro_rules! export {
    ($filter:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            static GUEST: $crate::Guest<$filter> = $crate::Guest::new();

            #[unsafe(no_mangle)]
            extern "C" fn cubeset_filter_v1() -> u32 {
                1
            }
            #[unsafe(no_mangle)]
            extern "C" fn cs_reserve(n: usize) -> usize {
                GUEST.reserve(n)
            }
            #[unsafe(no_mangle)]
            extern "C" fn cs_configure(_p: usize, n: usize) -> i32 {
                GUEST.configure(n)
            }
            #[unsafe(no_mangle)]
            extern "C" fn cs_filter(_p: usize, n: usize) -> i32 {
                GUEST.filter(n)
            }
            #[unsafe(no_mangle)]
            extern "C" fn cs_error() -> u64 {
                GUEST.error()
            }
        };
    };
}

struct State<F> {
    buffer: Vec<u128>, // 16-aligned, reused for every batch
    filter: Option<F>,
    error: String,
}

/// The one instance behind the exports.
pub struct Guest<F>(core::cell::UnsafeCell<State<F>>);

// A guest has one thread.
unsafe impl<F> Sync for Guest<F> {}

impl<F: Filter> Guest<F> {
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Guest<F> {
        Guest(core::cell::UnsafeCell::new(State { buffer: Vec::new(), filter: None, error: String::new() }))
    }

    #[allow(clippy::mut_from_ref)] // one thread, and no export calls another
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
        let s = self.state();
        let bytes = bytes(&mut s.buffer, n);
        match Config::parse(bytes).and_then(|c| F::new(&c)) {
            Ok(f) => {
                s.filter = Some(f);
                0
            }
            Err(e) => {
                s.error = e;
                1
            }
        }
    }

    pub fn filter(&self, n: usize) -> i32 {
        let s = self.state();
        let (Some(filter), Some(batch)) = (&mut s.filter, Batch::parse(bytes(&mut s.buffer, n))) else {
            return 1;
        };
        batch.judge(|row| filter.row(row));
        0
    }

    /// Pointer and length of the last error.
    pub fn error(&self) -> u64 {
        let e = &self.state().error;
        (e.as_ptr() as u64) << 32 | e.len() as u64
    }
}

/// The first n bytes of the buffer.
fn bytes(buffer: &mut [u128], n: usize) -> &mut [u8] {
    let all = unsafe { core::slice::from_raw_parts_mut(buffer.as_mut_ptr().cast::<u8>(), buffer.len() * 16) };
    let n = n.min(all.len());
    &mut all[..n]
}

/// A panic ends the call; its text would cost more code than all filters.
#[cfg(all(target_arch = "wasm32", not(feature = "std")))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
