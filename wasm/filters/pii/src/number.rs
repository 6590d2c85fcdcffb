use crate::plain::{LETTER, SIGN};
use crate::{Found, Kind};

const GROUPS_MAX: usize = 6;
const DIGITS_MAX: usize = 19; // of a card number
const DIGITS_MIN: usize = 9; // of a telephone number
const NEAR: usize = 16; // characters that hold so many

/// Digits in groups, as they are written: 415-867-5309 has three.
struct Groups {
    lengths: [usize; GROUPS_MAX],
    ends: [usize; GROUPS_MAX],
    gaps: [u8; GROUPS_MAX], // the sign before a group; ')' if it closes a bracket
    count: usize,
    digits: [u8; DIGITS_MAX],
    total: usize,
}

/// A card or telephone number that starts with the digit here.
#[inline(never)]
pub fn find(b: &[u8], at: usize) -> Found {
    let near = &b[at..b.len().min(at + NEAR)];
    if near.iter().filter(|c| c.is_ascii_digit()).count() < DIGITS_MIN {
        return None;
    }
    number(b, at)
}

#[inline(never)]
fn number(b: &[u8], at: usize) -> Found {
    let (mut first, mut plus) = (at, false);
    if first > 0 && b[first - 1] == b'(' {
        first -= 1;
    }
    if first > 0 && b[first - 1] == b'+' {
        (first, plus) = (first - 1, true);
    }
    let before = if first == 0 { b' ' } else { b[first - 1] };
    if !(matches!(
        before,
        b' ' | b'\n'
            | b'\t'
            | b'('
            | b'['
            | b'{'
            | b'"'
            | b'\''
            | b':'
            | b','
            | b';'
            | b'<'
            | b'>'
            | b'*'
            | b'|'
            | b'~'
            | SIGN
    )) {
        return None;
    }
    let g = Groups::read(b, at);
    let (kind, used) = match g.card() {
        0 => (Kind::Phone, g.phone(plus)),
        used => (Kind::Card, used),
    };
    if used == 0 {
        return None;
    }
    let end = g.ends[used - 1];
    let mut tail = b[end..].iter();
    match (tail.next(), tail.next()) {
        (Some(c), _) if c.is_ascii_alphanumeric() || matches!(*c, b'_' | b'@' | b'%' | LETTER) => None,
        (Some(b'-' | b'.' | b',' | b'/'), Some(c)) if c.is_ascii_digit() => None,
        _ => Some((kind, end)),
    }
}

impl Groups {
    fn read(b: &[u8], at: usize) -> Groups {
        let mut g = Groups {
            lengths: [0; GROUPS_MAX],
            ends: [0; GROUPS_MAX],
            gaps: [0; GROUPS_MAX],
            count: 0,
            digits: [0; DIGITS_MAX],
            total: 0,
        };
        let mut i = at;
        while g.count < GROUPS_MAX {
            let n = b[i..].iter().take(DIGITS_MAX + 1).take_while(|c| c.is_ascii_digit()).count();
            if n == 0 || g.total + n > DIGITS_MAX {
                break;
            }
            for d in &b[i..i + n] {
                g.digits[g.total] = d - b'0';
                g.total += 1;
            }
            i += n;
            (g.lengths[g.count], g.ends[g.count]) = (n, i);
            g.count += 1;
            let (gap, width) = match &b[i..b.len().min(i + 2)] {
                [b')', b' ' | b'-'] => (b')', 2),
                [b' ', b'('] => (b' ', 2),
                [b'-', b'('] => (b'-', 2),
                [b'(', _] => (b' ', 1),
                [b')', _] => (b')', 1),
                [c @ (b' ' | b'-' | b'.' | b'/'), _] => (*c, 1),
                _ => break,
            };
            i += width;
            if g.count < GROUPS_MAX {
                g.gaps[g.count] = gap;
            }
        }
        g
    }

    /// The number of groups of a card number at the start.
    fn card(&self) -> usize {
        let l = &self.lengths[..self.count];
        let used = match l {
            [13..=19, ..] => 1,
            [4, 6, 4 | 5, ..] => 3,
            [4, 4, 4, 4, 1..=3, ..] if !matches!(self.gaps[4], b'.' | b'/') => 5,
            [4, 4, 4, 1..=4, ..] => 4,
            _ => return 0,
        };
        let even = self.gaps[1..used].iter().all(|&c| c == self.gaps[1] && matches!(c, b' ' | b'-'));
        let ok = |used: usize| {
            let d = &self.digits[..l[..used].iter().sum()];
            (13..=19).contains(&d.len()) && issued(d) && luhn(d)
        };
        match used {
            _ if !even => 0,
            5 if !ok(5) && ok(4) => 4,
            used if ok(used) => used,
            _ => 0,
        }
    }

    /// The number of groups of a telephone number at the start.
    fn phone(&self, plus: bool) -> usize {
        if plus {
            return self.international();
        }
        let l = &self.lengths[..self.count];
        let d = &self.digits[..self.total];
        match l {
            [3, 3, 4, ..] if american(d) => 3,
            [1, 3, 3, 4, ..] if d[0] == 1 && american(&d[1..]) => 4,
            [11, ..] if matches!(d, [7 | 8, 9, ..]) && varied(&d[..11]) => 1,
            [11, ..] if matches!(d, [1, 3..=9, ..]) && varied(&d[..11]) => 1,
            [3, 4, 4, ..] if matches!(d, [1, 3..=9, ..]) => 3,
            [1, 3, ..] if matches!(d, [7 | 8, 3 | 4 | 8 | 9, ..]) => self.exactly(11),
            [2..=6, ..] if matches!(d, [0, 1..=9, ..]) && !self.date() => self.national(),
            [10, ..] if matches!(d, [0, 5..=7, ..]) && varied(&d[..10]) => 1, // mobile in many countries
            _ => 0,
        }
    }

    /// After a +: 9 to 15 digits, not one long row of zeros.
    fn international(&self) -> usize {
        if self.digits[0] == 0 {
            return 0;
        }
        let mut total = 0;
        let mut used = 0;
        for (k, &n) in self.lengths[..self.count].iter().enumerate() {
            total += n;
            if total > 15 {
                break;
            }
            if total >= DIGITS_MIN && (k > 0 || total >= 10) && varied(&self.digits[..total]) {
                used = k + 1;
            }
        }
        used
    }

    /// The groups that have n digits together.
    fn exactly(&self, n: usize) -> usize {
        let mut total = 0;
        let end = self.lengths[..self.count].iter().position(|&l| {
            total += l;
            total >= n
        });
        end.filter(|&k| total == n && k > 1 - (self.gaps[1] == b')') as usize).map_or(0, |k| k + 1)
    }

    /// After a leading zero: 9 to 12 digits in two groups or more.
    fn national(&self) -> usize {
        let (mut total, mut used) = (0, 0);
        for (k, &n) in self.lengths[..self.count].iter().enumerate() {
            total += n;
            if total > 12 || n < 2 {
                break;
            }
            if k > 0 && total >= DIGITS_MIN {
                used = k + 1;
            }
        }
        used
    }

    fn date(&self) -> bool {
        matches!(self.lengths, [2, 2, 4, ..]) || matches!(self.gaps[1], b'.') && self.lengths[1] > 4
    }
}

/// Area and exchange of North America; 555-01xx is kept free for stories.
fn american(d: &[u8]) -> bool {
    d[0] >= 2 && d[3] >= 2 && d[3..8] != [5, 5, 5, 0, 1] && varied(&d[..10])
}

/// Whether there are at least three different digits, which round numbers lack.
fn varied(d: &[u8]) -> bool {
    d.iter().fold(0u32, |seen, &d| seen | 1 << d).count_ones() >= 3
}

/// Whether a card network gives out numbers that begin so, of this length.
fn issued(d: &[u8]) -> bool {
    let head = d[..4].iter().fold(0, |v, &d| 10 * v + d as u32);
    match head {
        4000..=4999 => matches!(d.len(), 13 | 16 | 19),           // Visa
        5100..=5599 | 2221..=2720 | 2200..=2204 => d.len() == 16, // Mastercard, Mir
        3400..=3499 | 3700..=3799 => d.len() == 15,               // American Express
        3000..=3059 | 3600..=3699 | 3800..=3999 => d.len() == 14, // Diners
        3528..=3589 | 6011 | 6440..=6599 | 6200..=6299 | 8100..=8171 => d.len() >= 16, // JCB, Discover, UnionPay
        5000..=5099 | 5600..=5899 | 6300..=6399 | 6700..=6799 => d.len() >= 13, // Maestro
        _ => false,
    }
}

/// The checksum of ISO/IEC 7812.
fn luhn(d: &[u8]) -> bool {
    let sum: u32 = d
        .iter()
        .rev()
        .enumerate()
        .map(|(i, &d)| if i % 2 == 0 { d as u32 } else { 2 * d as u32 - 9 * (d > 4) as u32 })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of all last digits, one fits.
    #[test]
    fn luhn_is_a_check_digit() {
        let mut d = [4, 9, 9, 2, 7, 3, 9, 8, 7, 1, 0];
        let good: guest::Vec<u8> = (0..10)
            .filter(|&last| {
                d[10] = last;
                luhn(&d)
            })
            .collect();
        assert_eq!(good, [6]);
        d[10] = 6;
        for i in 0..10 {
            let keep = d[i];
            d[i] = (keep + 1) % 10;
            assert!(!luhn(&d), "{i}");
            d[i] = keep;
        }
    }
}
