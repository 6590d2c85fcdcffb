use super::*;
use crate::{json, Verdict};

/// A buffer of the host being written.
struct Form(Vec<u8>);

impl Form {
    fn new(magic: &str, header: usize) -> Form {
        let mut b = magic.as_bytes().to_vec();
        b.resize(header, 0);
        Form(b)
    }

    fn put(&mut self, at: usize, values: &[u32]) {
        for (i, v) in values.iter().enumerate() {
            self.0[at + 4 * i..][..4].copy_from_slice(&v.to_le_bytes());
        }
    }

    /// Appends a column at a multiple of 16, numbers before text.
    fn add(&mut self, numbers: &[u32], text: &str) -> u32 {
        self.0.resize(self.0.len().next_multiple_of(16), 0);
        let at = self.0.len();
        numbers.iter().for_each(|n| self.0.extend(n.to_le_bytes()));
        self.0.extend(text.as_bytes());
        at as u32
    }

    fn floats(&mut self, values: &[f32]) -> u32 {
        self.add(&values.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), "")
    }

    /// The bytes where a guest has them.
    fn place(&self) -> Vec<u128> {
        let mut buffer = vec![0u128; self.0.len().div_ceil(16)];
        bytes(&mut buffer, self.0.len()).copy_from_slice(&self.0);
        buffer
    }
}

fn batch(whole: bool) -> Form {
    let mut f = Form::new("CSB1", 64);
    let columns = [f.add(&[0, 2, 7], ""), f.add(&[], "hiми!"), f.add(&[0, 0, 5], ""), f.add(&[], "fine.")];
    f.put(16, &columns);
    f.put(8, &[2]);
    f.put(56, &[9, 1]);
    if whole {
        let vectors = [f.floats(&[1.0, 2.0, 3.0, 4.0]), f.floats(&[5.0, 6.0, 7.0, 8.0]), 2];
        f.put(32, &vectors);
        let table = f.add(&[0; 27], "");
        f.put(52, &[table]);
        let values = [1f32, 2.0, 3.0, 4.0].map(f32::to_bits);
        let extensions = [
            f.add(&[0, 1, 1], "c"),
            f.add(&[0, 1, 3], "aab"),
            f.add(&[0, 2, 4], "enru"),
            f.floats(&[0.25, 0.5]),
            f.add(&[0, 0, 1], "s"),
            f.add(&[u32::MAX, 3, 0, 0, 1], "d"),
            f.add(&[[2, 0, 4, 6].as_slice(), &values].concat(), "echopi"),
        ];
        for (i, at) in extensions.iter().enumerate() {
            f.put(table as usize + 12 * i, &[i as u32 + 1, *at]);
        }
        f.put(table as usize + 12 * extensions.len(), &[99]); // a column of a later revision
    }
    let verdicts = f.add(&[u32::MAX; 4], "");
    f.put(44, &[verdicts, f.0.len() as u32]);
    f
}

/// Hands rows to a function.
struct Ask<T>(T);

impl<T: FnMut(&Row) -> Verdict> Filter for Ask<T> {
    fn new(_: &Config) -> Result<Self, String> {
        Err("not from options".into())
    }

    fn row(&mut self, row: &Row) -> Verdict {
        self.0(row)
    }
}

#[test]
fn reads_rows_and_writes_verdicts() {
    let f = batch(true);
    let mut buffer = f.place();
    let mut seen = 0;
    let mut ask = Ask(|r: &Row| {
        let scores: Vec<_> = r.scores.iter().collect();
        let (texts, turn) = ([r.question, r.answer, r.context, r.id, r.lang, r.source, r.dialogue_id], r.turn);
        seen += 1;
        if r.number == (1 << 32) + 9 {
            assert_eq!((texts, turn), (["hi", "", "c", "a", "en", "", ""], -1));
            assert_eq!((r.question_embedding, r.answer_embedding), (&[1.0, 2.0][..], &[5.0, 6.0][..]));
            assert_eq!((r.similarity, scores), (0.25, vec![("echo", 1.0), ("pi", 3.0)]));
            return Verdict::drop(7, -1.5);
        }
        assert_eq!((r.number, texts, turn), ((1 << 32) + 10, ["ми!", "fine.", "", "ab", "ru", "s", "d"], 3));
        assert_eq!((r.question_embedding, r.answer_embedding), (&[3.0, 4.0][..], &[7.0, 8.0][..]));
        assert_eq!((r.similarity, r.scores.get("pi"), r.scores.get("p")), (0.5, Some(4.0), None));
        Verdict::keep(0.5)
    });
    assert_eq!(judge(&mut ask, bytes(&mut buffer, f.0.len())), Ok(()));
    assert_eq!(seen, 2);
    let out = &bytes(&mut buffer, f.0.len())[f.0.len() - 16..];
    assert_eq!(out, [0, 0, 7, 0, 0, 0, 0xc0, 0xbf, 1, 0, 0, 0, 0, 0, 0, 0x3f]);
}

#[test]
fn texts_alone_and_no_rows() {
    let mut f = batch(false);
    let mut seen = 0;
    let mut ask = Ask(|r: &Row| {
        seen += 1;
        let plain = Row { number: r.number, question: r.question, answer: r.answer, ..Row::default() };
        assert_eq!((r.turn, r.id, r.answer_embedding, r.scores.iter().count()), (plain.turn, "", &[][..], 0));
        Verdict::keep(0.0)
    });
    judge(&mut ask, bytes(&mut f.place(), f.0.len())).unwrap();
    f.put(8, &[0]);
    judge(&mut ask, bytes(&mut f.place(), f.0.len())).unwrap();
    assert!(judge(&mut ask, bytes(&mut f.place(), 63)).unwrap_err().contains("not a batch of 63"));
    assert!(judge(&mut ask, b"CSC1".repeat(20).as_mut_slice()).is_err());
    assert_eq!(seen, 2);
}

struct Least(f64);

impl Filter for Least {
    fn new(c: &Config) -> Result<Least, String> {
        match c.blob("words") {
            Some(b"a b") if c.blob("word").is_none() => Ok(Least(c.number("min")?)),
            _ => Err("no words".into()),
        }
    }

    fn row(&mut self, _: &Row) -> Verdict {
        Verdict::keep(self.0 as f32)
    }
}

#[test]
fn configures_a_guest() {
    let guest = Guest::<Least>::new();
    let run = |f: &Form| {
        assert_ne!(guest.reserve(f.0.len()), 0);
        bytes(&mut guest.state().buffer, f.0.len()).copy_from_slice(&f.0);
        guest.configure(f.0.len())
    };
    assert_eq!(guest.filter(0), 1);
    let mut f = Form::new("CSC1", 32);
    let options = f.add(&[], r#"{"min":2}"#);
    f.put(16, &[options, 9]);
    let table = f.add(&[0; 4], "");
    f.put(24, &[table]);
    assert_eq!((run(&f), guest.state().error.as_str()), (1, "no words"));
    let words = [f.add(&[], "words"), 5, f.add(&[], "a b"), 3];
    f.put(table as usize, &words);
    f.put(8, &[1]);
    assert_eq!(run(&f), 0);
    assert_eq!(guest.state().filter.as_ref().unwrap().0, 2.0);
    assert_eq!(guest.error() as u32, 8);
    assert_eq!(guest.filter(16), 1);
    assert!(guest.state().error.contains("not a batch"));
    let _ = std::panic::take_hook();
}

#[test]
fn reads_options() {
    let c = Config::of(r#" { "a" : 1, "b":{"a":[2,"}"]}, "c\n": "x\"y" ,"d":true}"#);
    assert_eq!((c.number("a"), c.json("b")), (Ok(1.0), Some(r#"{"a":[2,"}"]}"#)));
    assert_eq!((c.string("c\n").as_deref(), c.bool("d")), (Ok("x\"y"), Ok(true)));
    assert!(c.number("d").is_err() && c.bool("a").is_err() && c.string("a").is_err() && c.json("e").is_none());
    assert_eq!(c.number("f"), Err("f is not a number".into()));
    for broken in ["", "[]", "{", "{}", r#"{"a""#, r#"{"a":"#, r#"{"a":"x"#, "{x:1}", r#"{"a":{"#, "{,}", r#"{"b":1 "#]
    {
        assert_eq!(Config::of(broken).json("a"), None, "{broken}");
    }
    for s in ["0", "-1", "0.3", "1024", "1e3", "1e+21", "2.5E-2", "-0.000001", "123456789012345678", "1e-07"] {
        assert_eq!(json::number(s), Some(s.parse().unwrap()), "{s}");
    }
    for s in ["", "-", "1x", "1 ", "NaN", "inf", "infinity", "true"] {
        assert_eq!(json::number(s), None, "{s}");
    }
    assert_eq!(json::string(r#""a\u0416\ud83d\ude00\n\/""#), Some("aЖ😀\n/".to_string()));
    for s in ["", "\"", "x", r#""\q""#, r#""\u12""#, r#""\ud83dx""#, r#""\ud83d\u0041""#] {
        assert_eq!(json::string(s), None, "{s}");
    }
}
