//! As much JSON as options need: one object, read key by key.

/// The text of the value of a key.
pub fn field<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    let mut rest = object.trim_start().strip_prefix('{')?.trim_start();
    loop {
        let (name, after) = value(rest)?;
        let (found, after) = value(after.trim_start().strip_prefix(':')?.trim_start())?;
        if string(name)? == key {
            return Some(found);
        }
        rest = after.trim_start().strip_prefix(',')?.trim_start();
    }
}

/// Splits the value at the start from what follows it.
fn value(s: &str) -> Option<(&str, &str)> {
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for (i, c) in s.bytes().enumerate() {
        match c {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => depth -= 1,
            b',' | b':' | b'}' | b' ' | b'\n' if depth == 0 => return (i > 0).then(|| s.split_at(i)),
            _ => {}
        }
    }
    None
}

pub fn number(s: &str) -> Option<f64> {
    let plain = s.bytes().all(|c| c.is_ascii_digit() || b"+-.eE".contains(&c));
    s.parse().ok().filter(|_| plain)
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
fn unicode(rest: &mut std::str::Chars) -> Option<char> {
    let first = unit(rest)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    (rest.next()? == '\\' && rest.next()? == 'u').then_some(())?;
    let second = unit(rest)?.checked_sub(0xdc00)?;
    char::from_u32(0x10000 + ((first - 0xd800) << 10) + second)
}

fn unit(rest: &mut std::str::Chars) -> Option<u32> {
    (0..4).try_fold(0, |n, _| Some(n * 16 + rest.next()?.to_digit(16)?))
}
