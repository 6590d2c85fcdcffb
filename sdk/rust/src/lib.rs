//! All that a cubeset quality filter in Rust needs, version 1 of the ABI: a type
//! with the trait [`Filter`], and one line that exports it.
//!
//! ```
//! use cubeset_filter::{export, Config, Filter, Row, Verdict};
//!
//! const TOO_SHORT: u16 = 1;
//!
//! struct Short {
//!     answer_min: f64,
//! }
//!
//! impl Filter for Short {
//!     fn new(config: &Config) -> Result<Short, String> {
//!         Ok(Short { answer_min: config.number("answer_min")? })
//!     }
//!
//!     fn row(&mut self, row: &Row) -> Verdict {
//!         let n = row.answer.chars().count() as f64;
//!         if n < self.answer_min { Verdict::drop(TOO_SHORT, n as f32) } else { Verdict::keep(n as f32) }
//!     }
//! }
//!
//! export!(Short);
//!
//! let mut short = Short::new(&Config::of(r#"{"answer_min":10}"#)).unwrap();
//! assert_eq!(short.row(&Row { answer: "Yes.", ..Row::default() }), Verdict::drop(TOO_SHORT, 4.0));
//! ```
//!
//! It is built for `wasm32-unknown-unknown`. The crate has no dependencies, and may
//! be copied. A panic's message and place go to the log.

mod batch;
mod config;
mod guest;
mod json;

use batch::Texts;
pub use config::Config;
#[doc(hidden)]
pub use guest::Guest;

/// A quality filter.
pub trait Filter: Sized {
    /// Reads the options once, before the first row. An error ends the build,
    /// with at most 256 bytes of its text.
    fn new(config: &Config) -> Result<Self, String>;

    /// Judges one row, by what is in it and by the options, and by nothing else:
    /// not by rows before it. `&mut` is for buffers.
    fn row(&mut self, row: &Row) -> Verdict;
}

/// What a filter says of one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// 0 keeps the row; anything else is a code of the manifest.
    pub reason: u16,
    /// Finite; becomes a column of the dataset.
    pub score: f32,
}

impl Verdict {
    pub fn keep(score: f32) -> Verdict {
        Verdict { reason: 0, score }
    }

    /// For a reason of the manifest.
    pub fn drop(reason: u16, score: f32) -> Verdict {
        Verdict { reason, score }
    }
}

/// A question and an answer. What comes after the answer is there only if the
/// manifest's `needs` ask for it. Texts and vectors are views of the host's
/// buffer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row<'a> {
    /// In its chunk.
    pub number: u64,
    pub question: &'a str,
    pub answer: &'a str,
    /// Needs `context`: what came before the question.
    pub context: &'a str,
    /// Needs `id`.
    pub id: &'a str,
    /// Needs `lang`: as the input gave it, empty if unknown.
    pub lang: &'a str,
    /// Needs `source`: the file or collection.
    pub source: &'a str,
    /// Needs `dialogue`.
    pub dialogue_id: &'a str,
    /// Needs `dialogue`; -1 if unknown.
    pub turn: i32,
    /// Needs `similarity`: the cosine of the two embeddings.
    pub similarity: f32,
    /// Needs `embeddings`: the teacher's own.
    pub question_embedding: &'a [f32],
    pub answer_embedding: &'a [f32],
    /// Needs `scores`: of the filters that ran before.
    pub scores: Scores<'a>,
}

impl Default for Row<'_> {
    /// Everything empty, for tests.
    fn default() -> Self {
        Row {
            number: 0,
            question: "",
            answer: "",
            context: "",
            id: "",
            lang: "",
            source: "",
            dialogue_id: "",
            turn: -1,
            similarity: 0.0,
            question_embedding: &[],
            answer_embedding: &[],
            scores: Scores::default(),
        }
    }
}

/// What the filters before this one said of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores<'a> {
    names: Texts<'a>,
    values: &'a [f32],
    rows: usize,
    row: usize,
}

impl<'a> Scores<'a> {
    /// Names of filters and their scores, in the order they ran.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, f32)> + use<'a> {
        let s = *self;
        (0..s.names.len()).map(move |k| (s.names.get(k), s.values[k * s.rows + s.row]))
    }

    /// The score of one filter.
    pub fn get(&self, filter: &str) -> Option<f32> {
        self.iter().find(|(name, _)| *name == filter).map(|(_, value)| value)
    }
}

/// Levels of [`log`].
#[derive(Clone, Copy, Debug)]
pub enum Level {
    Debug,
    Info,
    Warning,
    Error,
}

/// Sends one message to the host's log, or to standard error in a test. The host
/// hears 64 KiB from an instance.
pub fn log(level: Level, text: &str) {
    #[cfg(target_arch = "wasm32")]
    {
        #[link(wasm_import_module = "cubeset")]
        extern "C" {
            #[link_name = "log"]
            fn host_log(level: i32, p: *const u8, n: usize);
        }
        unsafe { host_log(level as i32, text.as_ptr(), text.len()) }
    }
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{level:?}: {text}");
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
