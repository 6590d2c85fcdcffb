//! As much JSON as options need: one object, read key by key.

use alloc::string::String;

/// The raw text of the value of a key of an object, if the object is whole up to
/// there.
pub fn field<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    let mut rest = object.trim_start().strip_prefix('{')?.trim_start();
    while !rest.starts_with('}') {
        let (name, after) = value(rest)?;
        let (found, after) = value(after.trim_start().strip_prefix(':')?.trim_start())?;
        if string(name)? == key {
            return Some(found);
        }
        let after = after.trim_start();
        rest = after.strip_prefix(',').unwrap_or(after).trim_start();
    }
    None
}

/// Splits the value at the start from what follows it.
fn value(s: &str) -> Option<(&str, &str)> {
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for (i, c) in s.bytes().enumerate() {
        if quoted {
            match c {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => continue,
            }
        } else {
            match c {
                b'"' => quoted = true,
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth > 0 => depth -= 1,
                b',' | b':' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' if depth == 0 => {
                    return (i > 0).then(|| s.split_at(i));
                }
                _ => continue,
            }
        }
        if depth == 0 && !quoted {
            return Some(s.split_at(i + 1));
        }
    }
    (!s.is_empty() && depth == 0 && !quoted).then(|| s.split_at(s.len()))
}

/// A number of at most 15 digits and a power of ten within ±22, which is exact.
pub fn number(s: &str) -> Option<f64> {
    let (negative, s) = match s.strip_prefix('-') {
        Some(s) => (true, s),
        None => (false, s),
    };
    let (s, exponent) = match s.split_once(['e', 'E']) {
        Some((s, e)) => (s, integer(e.strip_prefix('+').unwrap_or(e))?),
        None => (s, 0),
    };
    let (whole, part) = s.split_once('.').unwrap_or((s, ""));
    if whole.is_empty() || whole.len() + part.len() > 15 || (s.contains('.') && part.is_empty()) {
        return None;
    }
    let digits = whole.bytes().chain(part.bytes()).try_fold(0u64, |n, c| Some(n * 10 + digit(c)?))?;
    let power = exponent - part.len() as i32;
    let scale = (0..power.unsigned_abs().min(23)).fold(1.0, |p, _| p * 10.0);
    let magnitude = match power {
        0..=22 => digits as f64 * scale,
        -22..=-1 => digits as f64 / scale,
        _ => return None,
    };
    Some(if negative { -magnitude } else { magnitude })
}

fn integer(s: &str) -> Option<i32> {
    let (sign, s) = match s.strip_prefix('-') {
        Some(s) => (-1, s),
        None => (1, s),
    };
    if s.is_empty() || s.len() > 3 {
        return None;
    }
    Some(sign * s.bytes().try_fold(0, |n, c| Some(n * 10 + digit(c)? as i32))?)
}

fn digit(c: u8) -> Option<u64> {
    c.is_ascii_digit().then(|| (c - b'0') as u64)
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
fn unicode(rest: &mut core::str::Chars) -> Option<char> {
    let mut four = || (0..4).try_fold(0, |n, _| Some(n * 16 + rest.next()?.to_digit(16)?));
    let first = four()?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    (rest.next()? == '\\' && rest.next()? == 'u').then_some(())?;
    let mut four = || (0..4).try_fold(0, |n, _| Some(n * 16 + rest.next()?.to_digit(16)?));
    let second = four()?.checked_sub(0xdc00)?;
    char::from_u32(0x10000 + ((first - 0xd800) << 10) + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_fields() {
        let s = r#" { "a" : 1, "b":{"a":[2,"}"]}, "c\n": "x\"y" ,"d":true}"#;
        let cases = [
            ("a", Some("1")),
            ("b", Some(r#"{"a":[2,"}"]}"#)),
            ("c\n", Some(r#""x\"y""#)),
            ("d", Some("true")),
            ("e", None),
        ];
        for (key, want) in cases {
            assert_eq!(field(s, key), want, "{key}");
        }
        for broken in ["", "[]", "{", r#"{"a""#, r#"{"a":"#, r#"{"a":"x"#, r#"{x:1}"#, r#"{"a":{"#, "{,}", r#"{"b":1 "#] {
            assert_eq!(field(broken, "a"), None, "{broken}");
        }
    }

    #[test]
    fn reads_numbers() {
        for s in ["0", "-1", "0.3", "0.9", "1024", "1e3", "2.5E-2", "-0.000001", "123456789012345", "1e-07"] {
            assert_eq!(number(s), Some(s.parse().unwrap()), "{s}");
        }
        for s in ["", "-", ".5", "5.", "1e", "1e99", "0x1", "1 ", "NaN", "1234567890123456", "true"] {
            assert_eq!(number(s), None, "{s}");
        }
    }

    #[test]
    fn reads_strings() {
        assert_eq!(string(r#""a\u0416\ud83d\ude00\n\/""#), Some("aЖ😀\n/".to_string()));
        for s in ["", "\"", "x", r#""\q""#, r#""\u12""#, r#""\ud83dx""#, r#""\ud83d\u0041""#] {
            assert_eq!(string(s), None, "{s}");
        }
    }
}
