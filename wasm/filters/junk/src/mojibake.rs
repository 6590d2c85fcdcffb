//! UTF-8 that was read as another encoding: `donâ€™t`, `РџСЂРёРІРµС‚`.

/// The number of characters that belong to such sequences.
///
/// A sequence is what the bytes of one character of UTF-8 look like in Windows-1252
/// (or Latin-1) or in Windows-1251. Most of them stand in good texts too, `É”` for
/// one, so they count only two in a row; a few that do not, count alone.
pub fn count(text: &str) -> usize {
    if text.is_ascii() {
        return 0;
    }
    western(text) + cyrillic(text) + 3 * text.matches("锟斤拷").count()
}

fn western(text: &str) -> usize {
    let leads = '\u{c2}'..='\u{f4}';
    sequences(
        text,
        |c| leads.contains(&c),
        byte_1252,
        |b| matches!(b, [0xc2 | 0xc3, _] | [0xe2, 0x80, _] | [0xf0, 0x9f, ..] | [0xef, 0xbb | 0xbf, _]),
    )
}

fn cyrillic(text: &str) -> usize {
    let leads = 'В'..='ф'; // 0xc2 to 0xf4
    sequences(text, |c| leads.contains(&c), byte_1251, |b| matches!(b, [0xe2, 0x80, _]))
}

/// The characters in sequences, where each character is a byte of the encoding.
fn sequences(text: &str, lead: impl Fn(char) -> bool, byte: fn(char) -> u8, alone: fn(&[u8]) -> bool) -> usize {
    let (mut total, mut row, mut row_counts) = (0, 0, 0); // row: characters; row_counts: sequences
    let mut certain = 0; // characters of those in the row that count alone
    let mut chars = text.chars();
    loop {
        let before = chars.clone();
        let next = chars.next();
        let n = if next.is_some_and(&lead) { sequence(before.clone(), byte) } else { 0 };
        if n == 0 {
            total += if row_counts >= 2 { row } else { certain };
            (row, row_counts, certain) = (0, 0, 0);
            if next.is_none() {
                return total;
            }
            continue;
        }
        chars = before;
        let mut bytes = [0; 4];
        for b in &mut bytes[..n] {
            *b = chars.next().map_or(0, byte);
        }
        (row, row_counts) = (row + n, row_counts + 1);
        certain += if alone(&bytes[..n]) { n } else { 0 };
    }
}

/// The characters of the sequence at the start, 0 if there is none.
#[inline(never)] // what is rare stays out of the loop, all of which is metered
fn sequence(mut chars: impl Iterator<Item = char>, byte: fn(char) -> u8) -> usize {
    let n = match chars.next().map_or(0, byte) {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return 0,
    };
    if (1..n).all(|_| chars.next().is_some_and(|c| matches!(byte(c), 0x80..=0xbf))) { n } else { 0 }
}

/// The characters of Windows-1252 from 0x80; what it leaves open is as in Latin-1.
const HIGH_1252: [u16; 32] = [
    0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d,
    0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d,
    0x17e, 0x178,
];

/// The characters of Windows-1251 from 0x80 to 0xbf.
const HIGH_1251: [u16; 64] = [
    0x402, 0x403, 0x201a, 0x453, 0x201e, 0x2026, 0x2020, 0x2021, 0x20ac, 0x2030, 0x409, 0x2039, 0x40a, 0x40c, 0x40b,
    0x40f, 0x452, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x98, 0x2122, 0x459, 0x203a, 0x45a, 0x45c,
    0x45b, 0x45f, 0xa0, 0x40e, 0x45e, 0x408, 0xa4, 0x490, 0xa6, 0xa7, 0x401, 0xa9, 0x404, 0xab, 0xac, 0xad, 0xae,
    0x407, 0xb0, 0xb1, 0x406, 0x456, 0x491, 0xb5, 0xb6, 0xb7, 0x451, 0x2116, 0x454, 0xbb, 0x458, 0x405, 0x455, 0x457,
];

/// The byte of a character, 0 if it has none from 0x80.
fn byte_1252(c: char) -> u8 {
    match c as u32 {
        c @ 0x80..=0xff => c as u8,
        c @ 0x100..=0x2fff => high(&HIGH_1252, c),
        _ => 0,
    }
}

fn byte_1251(c: char) -> u8 {
    match c as u32 {
        c @ 0x410..=0x44f => (c - 0x410 + 0xc0) as u8,
        c @ 0x80..=0x2fff => high(&HIGH_1251, c),
        _ => 0,
    }
}

fn high(table: &[u16], c: u32) -> u8 {
    table.iter().position(|&t| t as u32 == c).map_or(0, |i| 0x80 + i as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        for (text, want) in [
            ("plain", 0),
            ("donâ€™t", 3),
            ("cafÃ©", 2),
            ("Ã¼ber", 2),
            ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", 12),
            ("РџСЂРёРІРµС‚", 12),
            ("donвЂ™t", 3),
            ("ä½ å¥½", 0), // the no-break space was lost: one sequence alone is left
            ("ä½\u{a0}å¥½", 6),
            ("ðŸ˜€", 4),
            ("锟斤拷", 3),
            ("CAFÉ”, «ТАСС», é”… naïve À «", 0),
            ("в\u{a0}«Правде», Привет… С…", 0),
            ("MAÇÃ e NÃO", 0),
            ("Ну, «да»… и „нет“", 0),
            ("Ελληνικά, ÅÄÖ, Straße, Ðiện", 0),
        ] {
            assert_eq!(count(text), want, "{text}");
        }
    }

    /// Every character of UTF-8, read wrongly twice in a row, is found.
    #[test]
    fn finds_what_it_makes() {
        let spoil = |c: char, table: fn(u8) -> char| -> String { c.to_string().bytes().map(table).collect() };
        let latin = |b: u8| {
            if (0x80..0xa0).contains(&b) {
                char::from_u32(HIGH_1252[b as usize - 0x80] as u32).unwrap()
            } else {
                b as char
            }
        };
        for c in ['é', 'ж', 'ع', '你', '한', '😀'] {
            let bad = spoil(c, latin).repeat(2);
            assert_eq!(count(&bad), bad.chars().count(), "{c}");
        }
    }
}
