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
//! It is built for `wasm32-unknown-unknown`. This file is the whole crate, has no
//! dependencies, and may be copied. A panic's message and place go to the log.

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

/// The options, as the host merged and checked them, and the blobs.
pub struct Config<'a> {
    json: &'a str,
    block: Block<'a>,
}

impl<'a> Config<'a> {
    /// Only options, for tests.
    pub fn of(json: &'a str) -> Config<'a> {
        Config { json, block: Block(&[0; CONFIG_HEADER]) }
    }

    fn parse(bytes: &'a [u8]) -> Result<Config<'a>, String> {
        if bytes.len() < CONFIG_HEADER || &bytes[..4] != b"CSC1" {
            return Err(format!("not a configuration of {} bytes", bytes.len()));
        }
        let block = Block(bytes);
        let json = std::str::from_utf8(block.slice(16)).map_err(|_| "the options are not text")?;
        Ok(Config { json, block })
    }

    pub fn number(&self, key: &str) -> Result<f64, String> {
        self.json(key).and_then(json::number).ok_or_else(|| format!("{key} is not a number"))
    }

    pub fn bool(&self, key: &str) -> Result<bool, String> {
        match self.json(key) {
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            _ => Err(format!("{key} is neither true nor false")),
        }
    }

    pub fn string(&self, key: &str) -> Result<String, String> {
        self.json(key).and_then(json::string).ok_or_else(|| format!("{key} is not a text"))
    }

    /// The JSON of an option, for lists and objects.
    pub fn json(&self, key: &str) -> Option<&'a str> {
        json::field(self.json, key)
    }

    /// The bytes of a named file, a word list for example.
    pub fn blob(&self, name: &str) -> Option<&'a [u8]> {
        let (count, table) = (self.block.word(8), self.block.word(24));
        let entry = (0..count).map(|i| table + 16 * i).find(|&at| self.block.slice(at) == name.as_bytes())?;
        Some(self.block.slice(entry + 8))
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

const BATCH_HEADER: usize = 64;
const CONFIG_HEADER: usize = 32;
const EXTENSIONS: usize = 7;

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

/// The columns of a batch. One that is not there is empty.
struct Batch<'a> {
    rows: usize,
    dim: usize,
    base: u64,
    question: Texts<'a>,
    answer: Texts<'a>,
    context: Texts<'a>,
    id: Texts<'a>,
    lang: Texts<'a>,
    source: Texts<'a>,
    dialogue: Texts<'a>,
    turn: &'a [u32],
    similarity: &'a [f32],
    question_embeddings: &'a [f32],
    answer_embeddings: &'a [f32],
    scores: Scores<'a>,
}

impl<'a> Batch<'a> {
    fn new(b: Block<'a>) -> Batch<'a> {
        let (rows, dim) = (b.word(8), b.word(40));
        let mut extensions = [0; EXTENSIONS + 1];
        let mut at = b.word(52);
        while at != 0 && b.word(at) != 0 {
            if let Some(column) = extensions.get_mut(b.word(at)) {
                *column = b.word(at + 4);
            }
            at += 12;
        }
        let [_, context, id, lang, similarity, source, dialogue, scores] = extensions;
        let texts = |at: usize| if at == 0 { Texts::default() } else { b.texts(at, at + 4 * (rows + 1), rows) };
        Batch {
            rows,
            dim,
            base: b.word(56) as u64 | (b.word(60) as u64) << 32,
            question: b.texts(b.word(16), b.word(20), rows),
            answer: b.texts(b.word(24), b.word(28), rows),
            context: texts(context),
            id: texts(id),
            lang: texts(lang),
            source: texts(source),
            dialogue: if dialogue == 0 { Texts::default() } else { texts(dialogue + 4 * rows) },
            turn: b.numbers(dialogue, rows),
            similarity: b.numbers(similarity, rows),
            question_embeddings: b.numbers(b.word(32), rows * dim),
            answer_embeddings: b.numbers(b.word(36), rows * dim),
            scores: if scores == 0 { Scores::default() } else { b.scores(scores, rows) },
        }
    }

    /// Makes row i of it.
    fn fill(&self, row: &mut Row<'a>, i: usize) {
        row.number = self.base + i as u64;
        row.question = self.question.get(i);
        row.answer = self.answer.get(i);
        row.context = self.context.get(i);
        row.id = self.id.get(i);
        row.lang = self.lang.get(i);
        row.source = self.source.get(i);
        row.dialogue_id = self.dialogue.get(i);
        row.turn = self.turn.get(i).map_or(-1, |&t| t as i32);
        row.similarity = self.similarity.get(i).copied().unwrap_or(0.0);
        row.question_embedding = self.question_embeddings.get(i * self.dim..(i + 1) * self.dim).unwrap_or(&[]);
        row.answer_embedding = self.answer_embeddings.get(i * self.dim..(i + 1) * self.dim).unwrap_or(&[]);
        row.scores = Scores { row: i, ..self.scores };
    }
}

/// A column of texts: where each starts, and the last ends, in data.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Texts<'a> {
    offsets: &'a [u32],
    data: &'a [u8],
}

impl<'a> Texts<'a> {
    fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Empty if there is no such text.
    fn get(&self, i: usize) -> &'a str {
        if i >= self.len() {
            return "";
        }
        let text = &self.data[self.offsets[i] as usize..self.offsets[i + 1] as usize];
        unsafe { std::str::from_utf8_unchecked(text) } // the ABI promises UTF-8
    }
}

/// A buffer whose fields are found by their offsets.
#[derive(Clone, Copy)]
struct Block<'a>(&'a [u8]);

impl<'a> Block<'a> {
    fn word(&self, at: usize) -> usize {
        let b = &self.0[at..at + 4];
        u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize
    }

    /// What the pair (offset, length) at `at` points to.
    fn slice(&self, at: usize) -> &'a [u8] {
        &self.0[self.word(at)..][..self.word(at + 4)]
    }

    /// A column of u32 or f32, read where it is; empty if it is not there.
    fn numbers<T: Number>(&self, at: usize, n: usize) -> &'a [T] {
        if at == 0 {
            return &[];
        }
        let (head, values, _) = unsafe { self.0[at..at + 4 * n].align_to::<T>() };
        assert!(head.is_empty(), "a column is not aligned");
        values
    }

    fn texts(&self, offsets: usize, data: usize, n: usize) -> Texts<'a> {
        Texts { offsets: self.numbers(offsets, n + 1), data: &self.0[data..] }
    }

    fn scores(&self, at: usize, rows: usize) -> Scores<'a> {
        let k = self.word(at);
        let values = at + 4 + 4 * (k + 1);
        let names = self.texts(at + 4, values + 4 * k * rows, k);
        Scores { names, values: self.numbers(values, k * rows), rows, row: 0 }
    }
}

/// What four bytes may be read as.
trait Number {}
impl Number for u32 {}
impl Number for f32 {}

/// As much JSON as options need: one object, read key by key.
mod json {
    /// The text of the value of a key.
    pub fn field<'a>(object: &'a str, key: &str) -> Option<&'a str> {
        let mut rest = object.trim_start().strip_prefix('{')?.trim_start();
        loop {
            let (name, after) = value(rest)?;
            let (found, after) = value(after.trim_start().strip_prefix(':')?.trim_start())?;
            if string(name)? == key {
                return Some(found);
            }
            rest = after.trim_start().strip_prefix(',')?.trim_start();
        }
    }

    /// Splits the value at the start from what follows it.
    fn value(s: &str) -> Option<(&str, &str)> {
        let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
        for (i, c) in s.bytes().enumerate() {
            match c {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ if quoted => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth > 0 => depth -= 1,
                b',' | b':' | b'}' | b' ' | b'\n' if depth == 0 => return (i > 0).then(|| s.split_at(i)),
                _ => {}
            }
        }
        None
    }

    pub fn number(s: &str) -> Option<f64> {
        let plain = s.bytes().all(|c| c.is_ascii_digit() || b"+-.eE".contains(&c));
        s.parse().ok().filter(|_| plain)
    }

    /// The text of a quoted string.
    pub fn string(s: &str) -> Option<String> {
        let mut rest = s.strip_prefix('"')?.strip_suffix('"')?.chars();
        let mut out = String::new();
        while let Some(c) = rest.next() {
            if c != '\\' {
                out.push(c);
                continue;
            }
            out.push(match rest.next()? {
                c @ ('"' | '\\' | '/') => c,
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'u' => unicode(&mut rest)?,
                _ => return None,
            });
        }
        Some(out)
    }

    /// The four digits after \u, and the second half of a pair.
    fn unicode(rest: &mut std::str::Chars) -> Option<char> {
        let first = unit(rest)?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        (rest.next()? == '\\' && rest.next()? == 'u').then_some(())?;
        let second = unit(rest)?.checked_sub(0xdc00)?;
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + second)
    }

    fn unit(rest: &mut std::str::Chars) -> Option<u32> {
        (0..4).try_fold(0, |n, _| Some(n * 16 + rest.next()?.to_digit(16)?))
    }
}

#[cfg(test)]
mod tests;
