use crate::batch::Block;
use crate::json;

const CONFIG_HEADER: usize = 32;

/// The options, as the host merged and checked them, and the blobs.
pub struct Config<'a> {
    json: &'a str,
    block: Block<'a>,
}

impl<'a> Config<'a> {
    /// Only options, for tests.
    pub fn of(json: &'a str) -> Config<'a> {
        Config { json, block: Block(&[0; CONFIG_HEADER]) }
    }

    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Config<'a>, String> {
        if bytes.len() < CONFIG_HEADER || &bytes[..4] != b"CSC1" {
            return Err(format!("not a configuration of {} bytes", bytes.len()));
        }
        let block = Block(bytes);
        let json = std::str::from_utf8(block.slice(16)).map_err(|_| "the options are not text")?;
        Ok(Config { json, block })
    }

    pub fn number(&self, key: &str) -> Result<f64, String> {
        self.json(key).and_then(json::number).ok_or_else(|| format!("{key} is not a number"))
    }

    pub fn bool(&self, key: &str) -> Result<bool, String> {
        match self.json(key) {
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            _ => Err(format!("{key} is neither true nor false")),
        }
    }

    pub fn string(&self, key: &str) -> Result<String, String> {
        self.json(key).and_then(json::string).ok_or_else(|| format!("{key} is not a text"))
    }

    /// The JSON of an option, for lists and objects.
    pub fn json(&self, key: &str) -> Option<&'a str> {
        json::field(self.json, key)
    }

    /// The bytes of a named file, a word list for example.
    pub fn blob(&self, name: &str) -> Option<&'a [u8]> {
        let (count, table) = (self.block.word(8), self.block.word(24));
        let entry = (0..count).map(|i| table + 16 * i).find(|&at| self.block.slice(at) == name.as_bytes())?;
        Some(self.block.slice(entry + 8))
    }
}
