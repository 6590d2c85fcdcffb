use crate::Verdict;

const HEADER: usize = 64;

/// One batch of rows, "CSB1".
pub struct Batch<'a> {
    bytes: &'a [u8],
    verdicts: &'a mut [u8],
    rows: usize,
}

/// One row of a batch. A column that the manifest does not ask for is empty.
pub struct Row<'a> {
    bytes: &'a [u8],
    rows: usize,
    i: usize,
}

/// What an earlier filter said of a row.
pub struct Score<'a> {
    pub name: &'a str,
    pub value: f32,
}

impl<'a> Batch<'a> {
    /// Looks at the header, and splits off the verdicts, which come last.
    pub fn parse(bytes: &'a mut [u8]) -> Option<Batch<'a>> {
        if bytes.len() < HEADER || &bytes[..4] != b"CSB1" {
            return None;
        }
        let (rows, verdicts, total) = (word(bytes, 8), word(bytes, 44), word(bytes, 48));
        if total > bytes.len() || verdicts.checked_add(rows.checked_mul(8)?)? > total {
            return None;
        }
        let (bytes, verdicts) = bytes.split_at_mut(verdicts);
        Some(Batch { bytes, verdicts, rows })
    }

    /// Asks for the verdict of each row.
    pub fn judge(self, mut verdict: impl FnMut(&Row) -> Verdict) {
        for (i, out) in self.verdicts.chunks_exact_mut(8).take(self.rows).enumerate() {
            let v = verdict(&Row { bytes: self.bytes, rows: self.rows, i });
            out[0] = (v.reason == 0) as u8;
            out[1] = 0;
            out[2..4].copy_from_slice(&v.reason.to_le_bytes());
            out[4..8].copy_from_slice(&v.score.to_le_bytes());
        }
    }
}

impl<'a> Row<'a> {
    pub fn question(&self) -> &'a str {
        self.text(word(self.bytes, 16), word(self.bytes, 20))
    }

    pub fn answer(&self) -> &'a str {
        self.text(word(self.bytes, 24), word(self.bytes, 28))
    }

    pub fn context(&self) -> &'a str {
        self.strings(1, 0)
    }

    pub fn id(&self) -> &'a str {
        self.strings(2, 0)
    }

    pub fn lang(&self) -> &'a str {
        self.strings(3, 0)
    }

    pub fn source(&self) -> &'a str {
        self.strings(5, 0)
    }

    pub fn dialogue_id(&self) -> &'a str {
        self.strings(6, 4 * self.rows)
    }

    /// -1 if unknown.
    pub fn turn(&self) -> i32 {
        match self.extension(6) {
            0 => -1,
            at => word(self.bytes, at + 4 * self.i) as i32,
        }
    }

    /// The number of the row in its chunk.
    pub fn number(&self) -> u64 {
        word(self.bytes, 56) as u64 + ((word(self.bytes, 60) as u64) << 32) + self.i as u64
    }

    /// The cosine of the teacher's embeddings.
    pub fn similarity(&self) -> Option<f32> {
        match self.extension(4) {
            0 => None,
            at => Some(f32::from_bits(word(self.bytes, at + 4 * self.i) as u32)),
        }
    }

    pub fn question_embedding(&self) -> &'a [f32] {
        self.vector(word(self.bytes, 32))
    }

    pub fn answer_embedding(&self) -> &'a [f32] {
        self.vector(word(self.bytes, 36))
    }

    /// What the filters before this one said.
    pub fn scores(&self) -> impl Iterator<Item = Score<'a>> + use<'a> {
        let at = self.extension(7);
        let (bytes, rows, i) = (self.bytes, self.rows, self.i);
        let count = if at == 0 { 0 } else { word(bytes, at) };
        let values = at + 4 + 4 * (count + 1);
        let names = values + 4 * count * rows;
        (0..count).map(move |k| Score {
            name: between(bytes, at + 4, names, k),
            value: f32::from_bits(word(bytes, values + 4 * (k * rows + i)) as u32),
        })
    }

    fn text(&self, offsets: usize, data: usize) -> &'a str {
        between(self.bytes, offsets, data, self.i)
    }

    /// The text of an extension whose offsets start `skip` bytes in.
    fn strings(&self, tag: usize, skip: usize) -> &'a str {
        match self.extension(tag) {
            0 => "",
            at => self.text(at + skip, at + skip + 4 * (self.rows + 1)),
        }
    }

    /// Where the extension starts, or 0.
    fn extension(&self, tag: usize) -> usize {
        let mut at = word(self.bytes, 52);
        while at != 0 && word(self.bytes, at) != 0 {
            if word(self.bytes, at) == tag {
                return word(self.bytes, at + 4);
            }
            at += 12;
        }
        0
    }

    fn vector(&self, at: usize) -> &'a [f32] {
        let dim = word(self.bytes, 40);
        if at == 0 {
            return &[];
        }
        let from = at + 4 * dim * self.i;
        let (head, values, _) = unsafe { self.bytes[from..from + 4 * dim].align_to::<f32>() };
        if head.is_empty() { values } else { &[] }
    }
}

fn word(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at..at + 4) {
        Some(b) => u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize,
        None => 0,
    }
}

/// Text i of a column. The host promises UTF-8; of anything else, the part that
/// is.
fn between(bytes: &[u8], offsets: usize, data: usize, i: usize) -> &str {
    let (from, to) = (word(bytes, offsets + 4 * i), word(bytes, offsets + 4 * i + 4));
    let text = bytes.get(data + from..data + to).unwrap_or(&[]);
    match core::str::from_utf8(text) {
        Ok(s) => s,
        Err(e) => unsafe { core::str::from_utf8_unchecked(&text[..e.valid_up_to()]) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> Vec<u8> {
        let mut b = vec![0u8; 64];
        let put = |b: &mut Vec<u8>, at: usize, v: u32| b[at..at + 4].copy_from_slice(&v.to_le_bytes());
        b[..4].copy_from_slice(b"CSB1");
        put(&mut b, 8, 2);
        for (field, v) in [(16, 64), (20, 88), (24, 76), (28, 95), (44, 104), (48, 120)] {
            put(&mut b, field, v);
        }
        for v in [0u32, 2, 7, 0, 0, 5] {
            b.extend(v.to_le_bytes());
        }
        b.extend("hiми!fine.".as_bytes());
        b.resize(104, 0);
        b.resize(120, 0xff);
        b
    }

    #[test]
    fn reads_rows_and_writes_verdicts() {
        let mut b = batch();
        let mut seen = Vec::new();
        Batch::parse(&mut b).unwrap().judge(|r| {
            seen.push((r.question().to_string(), r.answer().to_string(), r.number()));
            assert_eq!((r.context(), r.turn(), r.similarity()), ("", -1, None));
            assert!(r.question_embedding().is_empty() && r.scores().next().is_none());
            if r.number() == 0 { Verdict::keep(0.5) } else { Verdict::drop(3, -1.0) }
        });
        assert_eq!(seen, [("hi".into(), "".into(), 0), ("ми!".into(), "fine.".into(), 1)]);
        assert_eq!(b[104..], [1, 0, 0, 0, 0, 0, 0, 0x3f, 0, 0, 3, 0, 0, 0, 0x80, 0xbf]);
    }

    #[test]
    fn refuses_what_is_no_batch() {
        for (at, v) in [(0, 1u32), (8, 1000), (44, 0xffff_fff0), (48, 121)] {
            let mut b = batch();
            b[at..at + 4].copy_from_slice(&v.to_le_bytes());
            assert!(Batch::parse(&mut b).is_none(), "{at}");
        }
        assert!(Batch::parse(&mut []).is_none());
    }
}
