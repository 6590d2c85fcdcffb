//! Drops rows in other languages than the wanted. See README.md.

mod detect;

use detect::{Guess, LANGUAGES, detect};
use guest::{Config, Filter, Row, String, Verdict, export};
use text::head;

pub struct Wanted {
    wanted: u64, // a bit for each language
    question: bool,
    answer: bool,
}

impl Filter for Wanted {
    fn new(c: &Config) -> Result<Wanted, String> {
        let known = &LANGUAGES[..LANGUAGES.len() - 1]; // without "other"
        let mut wanted = 0;
        for code in c.string("wanted")?.split(',').map(str::trim).filter(|c| !c.is_empty()) {
            match known.iter().position(|l| *l == code) {
                Some(i) => wanted |= 1 << i,
                None => return Err(["a language in wanted is not one of ", &known.join(", ")].concat()),
            }
        }
        Ok(Wanted { wanted, question: c.bool("question")?, answer: c.bool("answer")? })
    }

    fn row(&mut self, row: &Row) -> Verdict {
        let (mut reason, mut score) = (0, 1.0);
        for (judged, text) in [(self.question, row.question()), (self.answer, row.answer())] {
            if !judged {
                continue;
            }
            let votes = detect(head(text));
            let good = votes.iter().filter(|v| v.is_none_or(|g| self.wants(g))).count();
            score = f32::min(score, good as f32 / votes.len() as f32);
            if let (0, 0, Some(guess)) = (reason, good, votes[0]) {
                reason = guess[0] as u16 + 1;
            }
        }
        Verdict { reason, score }
    }
}

impl Wanted {
    fn wants(&self, guess: Guess) -> bool {
        self.wanted == 0 || guess.iter().any(|l| self.wanted >> l & 1 == 1)
    }
}

export!(Wanted);
