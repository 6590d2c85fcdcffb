use text::{Counts, Tokens, chain, hash, length, share};

pub const RULES: usize = 13;

/// Measures a text; what it holds is reused from row to row.
#[derive(Default)]
pub struct Measure {
    counts: Counts,
    tokens: Tokens,
}

impl Measure {
    /// The share of each rule, in the order of the options.
    pub fn shares(&mut self, text: &str) -> [f64; RULES] {
        let mut out = [0.0; RULES];
        let text = text.trim();
        let all = length(text);
        if all == 0 {
            return out;
        }
        for (k, pause) in [(0, 2), (2, 1)] {
            let (parts, again, characters) = self.parts(text, pause);
            (out[k], out[k + 1]) = (share(again, parts), share(characters, all));
        }
        self.tokens.set(text);
        for n in 2..=4 {
            out[n + 2] = share(self.top(n), all);
        }
        for n in 5..=10 {
            out[n + 2] = share(self.repeated(n), all);
        }
        out
    }

    /// The parts between runs of at least so many line ends: how many there are,
    /// how many stood there before, and the characters of those.
    fn parts(&mut self, text: &str, pause: usize) -> (usize, usize, usize) {
        self.counts.clear(parts(text, pause).count());
        let (mut all, mut again, mut characters) = (0, 0, 0);
        for part in parts(text, pause) {
            all += 1;
            if self.counts.add(hash(part.as_bytes())) > 0 {
                again += 1;
                characters += length(part);
            }
        }
        (all, again, characters)
    }

    /// The characters of the most frequent run of n words, spaces between them
    /// included, times how often it is there; of several, the first. A run that is
    /// there once repeats nothing.
    fn top(&mut self, n: usize) -> usize {
        let words = self.tokens.as_slice();
        self.counts.clear(words.len());
        let key = |run: &[(u64, u32)]| run.iter().fold(0, |h, w| chain(h, w.0));
        let mut most = 0;
        for run in words.windows(n) {
            most = most.max(self.counts.add(key(run)) + 1);
        }
        if most < 2 {
            return 0;
        }
        let counts = &mut self.counts;
        let first = words.windows(n).find(|run| counts.get(key(run)) == most);
        first.map_or(0, |run| (characters(run) + n - 1) * most as usize)
    }

    /// The characters of runs of n words that stood there before, each character
    /// once.
    fn repeated(&mut self, n: usize) -> usize {
        let words = self.tokens.as_slice();
        self.counts.clear(words.len());
        let (mut total, mut at) = (0, 0);
        while at + n <= words.len() {
            let run = &words[at..at + n];
            let key = run.iter().fold(0, |h, w| chain(h, w.0));
            if self.counts.get(key) > 0 {
                total += characters(run);
                at += n;
            } else {
                self.counts.add(key);
                at += 1;
            }
        }
        total
    }
}

fn characters(run: &[(u64, u32)]) -> usize {
    run.iter().map(|w| w.1 as usize).sum()
}

/// Splits at runs of at least so many line ends.
fn parts(text: &str, pause: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let text = rest?;
        let bytes = text.as_bytes();
        let mut at = 0;
        loop {
            let Some(end) = bytes[at..].iter().position(|&b| b == b'\n').map(|i| at + i) else {
                rest = None;
                return Some(text);
            };
            let run = bytes[end..].iter().take_while(|&&b| b == b'\n').count();
            if run >= pause {
                rest = Some(&text[end + run..]);
                return Some(&text[..end]);
            }
            at = end + run;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits() {
        let of = |text, pause| parts(text, pause).collect::<guest::Vec<&str>>();
        assert_eq!(of("a\nb\n\nc\n\n\nd", 1), ["a", "b", "c", "d"]);
        assert_eq!(of("a\nb\n\nc\n\n\nd", 2), ["a\nb", "c", "d"]);
        assert_eq!(of("", 1), [""]);
    }

    #[test]
    fn measures() {
        let mut m = Measure::default();
        m.tokens.set("a bb a bb c");
        assert_eq!((m.top(2), m.top(3), m.repeated(2)), (8, 0, 3));
        m.tokens.set("x y z x y z x y z");
        assert_eq!((m.top(2), m.top(4), m.repeated(3), m.repeated(10)), (9, 14, 6, 0));
        assert_eq!(m.parts("a\nb\na\nba", 1), (4, 1, 1));
        assert_eq!(m.shares(""), [0.0; RULES]);
    }
}
