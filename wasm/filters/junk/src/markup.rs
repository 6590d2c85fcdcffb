/// The names of tags that are counted; others may be code, such as `Vec<String>`.
const TAGS: [&str; 66] = [
    "a",
    "abbr",
    "article",
    "aside",
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "button",
    "center",
    "code",
    "col",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "font",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "label",
    "li",
    "link",
    "main",
    "meta",
    "nav",
    "ol",
    "option",
    "p",
    "pre",
    "s",
    "script",
    "section",
    "select",
    "small",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];

const NAME_MAX: usize = 10; // of a tag
const TAG_MAX: usize = 2000; // bytes up to its end
const ENTITY_MAX: usize = 10;

/// The tag, comment or entity at the start, if there is one.
#[inline(never)] // what is rare stays out of the loop, all of which is metered
pub fn at(rest: &str) -> &str {
    let bytes = rest.as_bytes();
    &rest[..if bytes.starts_with(b"&") { entity(bytes) } else { tag(bytes) }]
}

/// The bytes of a tag, 0 if there is none.
fn tag(rest: &[u8]) -> usize {
    let rest = &rest[..rest.len().min(TAG_MAX)];
    let body = if rest.starts_with(b"</") { &rest[2..] } else { &rest[1..] };
    let name = &body[..body.iter().take(NAME_MAX + 1).take_while(|b| b.is_ascii_alphanumeric()).count()];
    let known = TAGS.iter().any(|t| name.eq_ignore_ascii_case(t.as_bytes()));
    let follows = body.get(name.len()).is_some_and(|&b| matches!(b, b'>' | b'/' | b' ' | b'\n' | b'\t'));
    if !(known && follows
        || body.starts_with(b"!--")
        || body.starts_with(b"!DOCTYPE ")
        || body.starts_with(b"!doctype "))
    {
        return 0;
    }
    match rest[1..].iter().position(|&b| b == b'>' || b == b'<') {
        Some(i) if rest[i + 1] == b'>' => i + 2,
        _ => 0,
    }
}

fn entity(rest: &[u8]) -> usize {
    let name = rest[1..].iter().take(ENTITY_MAX).take_while(|b| b.is_ascii_alphanumeric() || **b == b'#').count();
    let letters = rest.get(1).is_some_and(|b| *b == b'#' || b.is_ascii_alphabetic());
    if letters && name >= 2 && rest.get(1 + name) == Some(&b';') { name + 2 } else { 0 }
}

/// Whether a place is inside code of Markdown, where markup is meant.
#[derive(Default)]
pub struct Code {
    fenced: bool,
    quoted: bool,
    ticks: usize, // still to come of a run that was looked at
}

impl Code {
    /// Moves on by the byte at the start.
    #[inline]
    pub fn step(&mut self, rest: &[u8]) {
        match rest[0] {
            b'`' => self.tick(rest),
            b'\n' => self.quoted = false,
            _ => {}
        }
    }

    #[inline(never)]
    fn tick(&mut self, rest: &[u8]) {
        if self.ticks > 0 {
            self.ticks -= 1;
            return;
        }
        let run = rest.iter().take(3).take_while(|b| **b == b'`').count();
        self.ticks = run - 1;
        match run {
            3 => (self.fenced, self.quoted) = (!self.fenced, false),
            1 if !self.fenced => self.quoted = !self.quoted,
            _ => {}
        }
    }

    pub fn inside(&self) -> bool {
        self.fenced || self.quoted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures() {
        for (text, want) in [
            ("<b>x", 3),
            ("</DIV>", 6),
            ("<a href='x'>", 12),
            ("<br/>", 5),
            ("<!-- x -->", 10),
            ("<!DOCTYPE html>", 15),
            ("<String>", 0),
            ("<b", 0),
            ("<b <i>", 0),
            ("< b>", 0),
            ("<3", 0),
            ("<", 0),
            ("&amp;x", 5),
            ("&#1078;", 7),
            ("&amp x", 0),
            ("&;", 0),
            ("&", 0),
        ] {
            assert_eq!(at(text).len(), want, "{text}");
        }
    }
}
