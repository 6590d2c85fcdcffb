use alloc::string::{String, ToString};

use crate::json;

/// The options, as the host has merged and checked them, and the blobs.
pub struct Config<'a> {
    json: &'a str,
    bytes: &'a [u8],
}

impl<'a> Config<'a> {
    /// Reads the buffer of cs_configure, "CSC1".
    pub fn parse(bytes: &'a [u8]) -> Result<Config<'a>, String> {
        if bytes.len() < 32 || &bytes[..4] != b"CSC1" {
            return Err("not a configuration".to_string());
        }
        let json = slice(bytes, 16).and_then(|j| core::str::from_utf8(j).ok()).ok_or("options are not text")?;
        Ok(Config { json, bytes })
    }

    /// Only options, for tests.
    pub fn of(json: &'a str) -> Config<'a> {
        Config { json, bytes: &[] }
    }

    /// All options, one object.
    pub fn json(&self) -> &'a str {
        self.json
    }

    /// A number, or why there is none.
    pub fn number(&self, key: &str) -> Result<f64, String> {
        json::field(self.json, key).and_then(json::number).ok_or_else(|| [key, " is not a plain number"].concat())
    }

    pub fn bool(&self, key: &str) -> Result<bool, String> {
        match json::field(self.json, key) {
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            _ => Err([key, " is neither true nor false"].concat()),
        }
    }

    pub fn string(&self, key: &str) -> Result<String, String> {
        json::field(self.json, key).and_then(json::string).ok_or_else(|| [key, " is not a text"].concat())
    }

    /// The bytes of a named blob.
    pub fn blob(&self, name: &str) -> Option<&'a [u8]> {
        let count = word(self.bytes, 8)?;
        let table = word(self.bytes, 24)?;
        (0..count).map(|i| table + 16 * i).find_map(|at| {
            (slice(self.bytes, at)? == name.as_bytes()).then(|| slice(self.bytes, at + 8))?
        })
    }
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let b = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize)
}

/// What the pair (offset, length) at `at` points to.
fn slice(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let (off, len) = (word(bytes, at)?, word(bytes, at + 4)?);
    bytes.get(off..off.checked_add(len)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_options_and_blobs() {
        let mut b = vec![0u8; 64];
        b[..4].copy_from_slice(b"CSC1");
        for (at, v) in [(8usize, 1u32), (16, 64), (20, 9), (24, 32), (32, 80), (36, 2), (40, 82), (44, 3)] {
            b[at..at + 4].copy_from_slice(&v.to_le_bytes());
        }
        b.extend(br#"{"min":2}"#);
        b.resize(80, 0);
        b.extend(b"abxyz");
        let c = Config::parse(&b).unwrap();
        assert_eq!(c.number("min"), Ok(2.0));
        assert_eq!(c.blob("ab"), Some(&b"xyz"[..]));
        assert_eq!(c.blob("a"), None);
        assert!(c.number("max").is_err() && c.bool("min").is_err());
        assert!(Config::parse(&b[1..]).is_err());
    }
}
