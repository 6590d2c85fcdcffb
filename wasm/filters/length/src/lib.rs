//! Drops rows whose question or answer is too short or too long. See README.md.

#![cfg_attr(target_arch = "wasm32", no_std)]

use guest::{Config, Filter, Row, String, Verdict, export};

const QUESTION_SHORT: u16 = 1;
const QUESTION_LONG: u16 = 2;
const ANSWER_SHORT: u16 = 3;
const ANSWER_LONG: u16 = 4;

pub struct Length {
    question: Range,
    answer: Range,
}

struct Range {
    min: f64,
    max: f64,
}

impl Filter for Length {
    fn new(c: &Config) -> Result<Length, String> {
        Ok(Length {
            question: Range { min: c.number("question_min")?, max: c.number("question_max")? },
            answer: Range { min: c.number("answer_min")?, max: c.number("answer_max")? },
        })
    }

    fn row(&mut self, row: &Row) -> Verdict {
        let (question, answer) = (characters(row.question()), characters(row.answer()));
        let reason = self.question.judge(question, QUESTION_SHORT, QUESTION_LONG);
        let reason = if reason != 0 { reason } else { self.answer.judge(answer, ANSWER_SHORT, ANSWER_LONG) };
        Verdict { reason, score: answer as f32 }
    }
}

impl Range {
    fn judge(&self, n: f64, short: u16, long: u16) -> u16 {
        if n < self.min {
            short
        } else if n > self.max {
            long
        } else {
            0
        }
    }
}

fn characters(s: &str) -> f64 {
    s.chars().count() as f64
}

export!(Length);
