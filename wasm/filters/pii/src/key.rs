use crate::plain;
use crate::{Found, Kind};

/// How secrets begin, and how many characters follow at least.
const PREFIXES: [(&[u8], usize); 27] = [
    (b"AKIA", 16),
    (b"ASIA", 16), // AWS
    (b"AIza", 35),
    (b"ya29.", 20), // Google
    (b"ghp_", 36),
    (b"gho_", 36),
    (b"ghu_", 36),
    (b"ghs_", 36),
    (b"ghr_", 36),
    (b"github_pat_", 22),
    (b"glpat-", 20), // GitLab
    (b"sk-", 20),    // OpenAI, Anthropic and others
    (b"sk_live_", 16),
    (b"rk_live_", 16),
    (b"pk_live_", 16),
    (b"sk_test_", 16), // Stripe
    (b"xoxb-", 20),
    (b"xoxp-", 20),
    (b"xoxa-", 20),
    (b"xoxr-", 20),
    (b"xoxs-", 20),
    (b"xapp-", 20), // Slack
    (b"hf_", 30),
    (b"npm_", 36),
    (b"pypi-", 40),
    (b"SG.", 60),
    (b"dop_v1_", 60),
];

/// Names of what should be secret, before = or :.
const NAMES: [&[u8]; 10] = [
    b"api_key",
    b"apikey",
    b"api-key",
    b"secret",
    b"secret_key",
    b"access_key",
    b"password",
    b"passwd",
    b"token",
    b"access_token",
];

const WORD_MIN: usize = 20; // of a secret with a prefix
const VALUE_MIN: usize = 16; // of a named value
const LOOK: usize = 256; // how far a secret is followed

/// The secret that starts here.
#[inline(never)]
pub fn find(b: &[u8], at: usize) -> Found {
    let rest = &b[at..b.len().min(at + LOOK)];
    let n = match rest[0] {
        b'-' => private(rest),
        _ => word(rest),
    };
    n.map(|n| (Kind::Key, at + n))
}

/// The token of a Telegram bot that starts with the digit here.
pub fn bot(b: &[u8], at: usize) -> Found {
    let long = b.get(at + 7).is_some_and(u8::is_ascii_digit);
    let n = if long { telegram(&b[at..b.len().min(at + LOOK)]) } else { None };
    n.map(|n| (Kind::Key, at + n))
}

/// A secret that begins with this word. Most words are told apart by their length
/// and the sign behind.
fn word(rest: &[u8]) -> Option<usize> {
    let n = rest.iter().take_while(|&&c| plain::word(c) || matches!(c, b'-' | b'.')).count();
    let behind = &rest[n..];
    if n < WORD_MIN && !behind.first().is_some_and(|c| matches!(c, b':' | b'=' | b' ' | b'"' | b'\'')) {
        return None;
    }
    match behind.iter().find(|&&c| !matches!(c, b' ' | b'"' | b'\'')) {
        _ if n >= WORD_MIN => prefixed(rest).or_else(|| token(rest)),
        Some(b':') if behind.starts_with(b"://") => login(rest),
        Some(b'=' | b':') => named(rest),
        _ => None,
    }
}

#[inline(never)]
fn prefixed(rest: &[u8]) -> Option<usize> {
    let (prefix, least) = PREFIXES.iter().find(|(p, _)| rest.starts_with(p))?;
    let n = run(&rest[prefix.len()..], b"_-.");
    let body = &rest[prefix.len()..prefix.len() + n];
    (n >= *least && mixed(body)).then_some(prefix.len() + n)
}

/// A JSON web token: three parts, the first two begin with {" in base64.
#[inline(never)]
fn token(rest: &[u8]) -> Option<usize> {
    let first = rest.starts_with(b"eyJ").then(|| run(rest, b"_-"))?;
    let second = rest.get(first + 1..).filter(|r| rest[first] == b'.' && r.starts_with(b"eyJ"))?;
    Some(first + 1 + run(second, b"_-."))
}

/// The head of a PEM block that holds a private key.
#[inline(never)]
fn private(rest: &[u8]) -> Option<usize> {
    let line = rest.strip_prefix(b"-----BEGIN ")?;
    let end = line.iter().take(40).position(|&c| c == b'-')?;
    line[..end].ends_with(b"PRIVATE KEY").then_some(11 + end)
}

/// A number, :AA and 33 characters.
#[inline(never)]
fn telegram(rest: &[u8]) -> Option<usize> {
    let n = rest.iter().take_while(|c| c.is_ascii_digit()).count();
    let tail = rest[n..].strip_prefix(b":AA")?;
    ((8..=10).contains(&n) && run(tail, b"_-") == 33).then_some(n + 36)
}

/// A name, = or :, and a value of mixed letters and digits.
#[inline(never)]
fn named(rest: &[u8]) -> Option<usize> {
    let name = NAMES.iter().find(|n| {
        rest.len() > n.len()
            && rest[..n.len()].eq_ignore_ascii_case(n)
            && !plain::word(rest[n.len()])
            && rest[n.len()] != b'-'
    })?;
    let gap = |r: &[u8]| r.iter().take_while(|c| matches!(c, b' ' | b'"' | b'\'')).count();
    let mut at = name.len() + gap(&rest[name.len()..]);
    if !matches!(rest.get(at), Some(b'=' | b':')) {
        return None;
    }
    at += 1;
    at += gap(&rest[at..]);
    let n = run(&rest[at..], b"_-+/=");
    let value = &rest[at..at + n];
    (n >= VALUE_MIN && mixed(value) && value.iter().filter(|c| c.is_ascii_digit()).count() >= 3).then_some(at + n)
}

/// The login of an address: scheme://user:password@host.
#[inline(never)]
fn login(rest: &[u8]) -> Option<usize> {
    let scheme = rest.iter().take(12).take_while(|c| c.is_ascii_alphanumeric() || **c == b'+').count();
    let tail = rest[scheme..].strip_prefix(b"://")?;
    let user = run(tail, b"_-.%");
    let password = tail[user..].strip_prefix(b":")?;
    let n = password
        .iter()
        .take_while(|c| c.is_ascii_graphic() && !matches!(c, b'@' | b'/' | b'<' | b'{' | b'[' | b'$'))
        .count();
    (user > 0 && n > 0 && password.get(n) == Some(&b'@') && password.get(n + 1).is_some_and(|&c| plain::word(c)))
        .then_some(scheme + 3 + user + 1 + n)
}

/// How many characters are letters, digits or one of the others.
fn run(b: &[u8], others: &[u8]) -> usize {
    b.iter().take_while(|c| c.is_ascii_alphanumeric() || others.contains(c)).count()
}

fn mixed(b: &[u8]) -> bool {
    b.iter().any(u8::is_ascii_digit) && b.iter().any(u8::is_ascii_alphabetic)
}
