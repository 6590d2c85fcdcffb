use guest::Vec;

/// Something about each character below U+0800, Latin to Arabic, worked out once:
/// the library's tables are searched, which costs twenty times as much.
pub struct Table(Vec<u32>);

impl Table {
    pub fn new(of: impl FnMut(char) -> u32) -> Table {
        Table(('\0'..'\u{800}').map(of).collect())
    }

    /// None from U+0800.
    #[inline]
    pub fn get(&self, c: char) -> Option<u32> {
        self.0.get(c as usize).copied()
    }
}

/// Letters and digits.
pub struct Letters(Table);

impl Default for Letters {
    fn default() -> Letters {
        Letters(Table::new(|c| c.is_alphanumeric() as u32))
    }
}

impl Letters {
    #[inline]
    pub fn is(&self, c: char) -> bool {
        match self.0.get(c) {
            Some(is) => is != 0,
            None => ('\u{4e00}'..='\u{9fff}').contains(&c) || c.is_alphanumeric(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_library() {
        let letters = Letters::default();
        for c in ('\0'..='\u{3ffff}').step_by(7) {
            assert_eq!(letters.is(c), c.is_alphanumeric(), "{c:?}");
        }
    }
}
