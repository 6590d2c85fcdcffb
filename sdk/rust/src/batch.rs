use crate::{Row, Scores};

pub(crate) const BATCH_HEADER: usize = 64;
const EXTENSIONS: usize = 7;

/// The columns of a batch. One that is not there is empty.
pub(crate) struct Batch<'a> {
    pub(crate) rows: usize,
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
    pub(crate) fn new(b: Block<'a>) -> Batch<'a> {
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
    pub(crate) fn fill(&self, row: &mut Row<'a>, i: usize) {
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
pub(crate) struct Texts<'a> {
    offsets: &'a [u32],
    data: &'a [u8],
}

impl<'a> Texts<'a> {
    pub(crate) fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Empty if there is no such text.
    pub(crate) fn get(&self, i: usize) -> &'a str {
        if i >= self.len() {
            return "";
        }
        let text = &self.data[self.offsets[i] as usize..self.offsets[i + 1] as usize];
        unsafe { std::str::from_utf8_unchecked(text) } // the ABI promises UTF-8
    }
}

/// A buffer whose fields are found by their offsets.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a>(pub(crate) &'a [u8]);

impl<'a> Block<'a> {
    pub(crate) fn word(&self, at: usize) -> usize {
        let b = &self.0[at..at + 4];
        u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize
    }

    /// What the pair (offset, length) at `at` points to.
    pub(crate) fn slice(&self, at: usize) -> &'a [u8] {
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
