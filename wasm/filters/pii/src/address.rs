use crate::plain::{LETTER, word};
use crate::{Found, Kind};

const LOCAL_MAX: usize = 64;
const DOMAIN_MAX: usize = 253;

/// Domains that belong to nobody (RFC 2606), the names of picture files, which
/// look like domains, and the places that code is fetched from.
const NOBODY: [&[u8]; 16] = [
    b"example.com",
    b"example.net",
    b"example.org",
    b"example",
    b"test",
    b"invalid",
    b"localhost",
    b"local",
    b"png",
    b"jpg",
    b"jpeg",
    b"gif",
    b"svg",
    b"webp",
    b"py",
    b"js",
];

/// The email address around an @.
#[inline(never)] // what is rare stays out of the loop, all of which is metered
pub fn email(b: &[u8], at: usize) -> Found {
    let local = b[..at]
        .iter()
        .rev()
        .take(LOCAL_MAX)
        .take_while(|&&c| word(c) || matches!(c, b'.' | b'+' | b'-' | b'%'))
        .count();
    let mut name = &b[at - local..at];
    while let Some(b'.' | b'-' | b'+') = name.first() {
        name = &name[1..];
    }
    if name.is_empty() || name.ends_with(b".") || name == b"git" {
        return None;
    }
    let rest = &b[at + 1..];
    let mut n = rest
        .iter()
        .take(DOMAIN_MAX)
        .take_while(|&&c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | LETTER))
        .count();
    while n > 0 && matches!(rest[n - 1], b'.' | b'-') {
        n -= 1;
    }
    let domain = &rest[..n];
    let dot = domain.iter().rposition(|&c| c == b'.')?;
    let top = &domain[dot + 1..];
    let labels = domain.split(|&c| c == b'.').all(|l| !l.is_empty());
    let letters = top.len() >= 2 && top.iter().all(|&c| c.is_ascii_alphabetic() || c == LETTER);
    let nobody = NOBODY.iter().any(|suffix| {
        let (n, m) = (domain.len(), suffix.len());
        n >= m && domain[n - m..].eq_ignore_ascii_case(suffix) && (n == m || domain[n - m - 1] == b'.')
    });
    (labels && letters && !nobody).then_some((Kind::Email, at + 1 + n))
}

/// The IP address that starts here, if it is one of the public internet.
#[inline(never)]
pub fn ip(b: &[u8], at: usize) -> Found {
    if at > 0 && (word(b[at - 1]) || matches!(b[at - 1], b'.' | b'-' | b':')) {
        return None;
    }
    let digits = b[at..].iter().take(4).take_while(|c| c.is_ascii_hexdigit()).count();
    let end = match b.get(at + digits) {
        Some(b'.') => v4(b, at),
        Some(b':') => v6(b, at),
        _ => None,
    };
    end.map(|end| (Kind::Ip, end))
}

#[inline(never)]
fn v4(b: &[u8], at: usize) -> Option<usize> {
    let (mut octets, mut end) = ([0u32; 4], at);
    for (k, octet) in octets.iter_mut().enumerate() {
        if k > 0 {
            (b.get(end) == Some(&b'.')).then_some(())?;
            end += 1;
        }
        let n = b[end..].iter().take(4).take_while(|c| c.is_ascii_digit()).count();
        if n == 0 || n > 3 || n > 1 && b[end] == b'0' {
            return None;
        }
        *octet = b[end..end + n].iter().fold(0, |v, c| 10 * v + (c - b'0') as u32);
        end += n;
    }
    let tail = b.get(end).is_some_and(|&c| word(c))
        || b.get(end) == Some(&b'.') && b.get(end + 1).is_some_and(u8::is_ascii_digit);
    let reserved = matches!(
        octets,
        [0 | 10 | 127 | 224..=255, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 168, ..]
            | [192, 0, 0 | 2, _]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    );
    let version = octets.iter().all(|&o| o < 32); // or the number of a chapter
    (!tail && !reserved && !version && octets.iter().all(|&o| o < 256)).then_some(end)
}

/// Global addresses, 2000::/3, without those for documents.
#[inline(never)]
fn v6(b: &[u8], at: usize) -> Option<usize> {
    let n = b[at..].iter().take(40).take_while(|c| c.is_ascii_hexdigit() || **c == b':').count();
    let mut text = &b[at..at + n];
    while text.ends_with(b":") && !text.ends_with(b"::") {
        text = &text[..text.len() - 1];
    }
    if n == 40 || text.iter().filter(|&&c| c == b':').count() < 2 || b.get(at + n).is_some_and(|&c| word(c)) {
        return None;
    }
    let (mut groups, mut gaps) = (0, 0);
    for (k, group) in text.split(|&c| c == b':').enumerate() {
        match group.len() {
            0 => gaps += 1,
            1..=4 => groups += 1,
            _ => return None,
        }
        if k == 0 && !(group.len() == 4 && matches!(group[0], b'2' | b'3')) {
            return None;
        }
    }
    let gap = text.windows(2).any(|w| w == b"::");
    let whole = if gap {
        gaps <= 1 + text.ends_with(b"::") as usize && (3..=7).contains(&groups)
    } else {
        gaps == 0 && groups == 8
    };
    let document = text.len() > 8 && text[..8].eq_ignore_ascii_case(b"2001:db8");
    (whole && !document).then_some(at + text.len())
}
