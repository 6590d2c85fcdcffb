use guest::Vec;

/// How often each hash was seen. Reused from row to row: what an earlier row left
/// is told apart by its epoch.
#[derive(Default)]
pub struct Counts {
    slots: Vec<Slot>, // a power of two of them, at most half used
    epoch: u32,
}

#[derive(Clone, Default)]
struct Slot {
    key: u64,
    epoch: u32,
    count: u32,
}

/// The most slots looked at for one key. A text made so that its hashes collide
/// is counted too low instead of taking forever.
const PROBES_MAX: usize = 64;

impl Counts {
    /// Forgets everything, and makes room for n keys.
    pub fn clear(&mut self, n: usize) {
        let need = (2 * n).next_power_of_two().max(64);
        if self.slots.len() < need || self.epoch == u32::MAX {
            self.slots.clear();
            self.slots.resize(need, Slot::default());
            self.epoch = 0;
        }
        self.epoch += 1;
    }

    /// Counts a key once more, and returns how often it was there before.
    pub fn add(&mut self, key: u64) -> u32 {
        let epoch = self.epoch;
        match self.slot(key) {
            Some(s) if s.epoch == epoch => {
                s.count += 1;
                s.count - 1
            }
            Some(s) => {
                *s = Slot { key, epoch, count: 1 };
                0
            }
            None => 0,
        }
    }

    pub fn get(&mut self, key: u64) -> u32 {
        let epoch = self.epoch;
        self.slot(key).map_or(0, |s| if s.epoch == epoch { s.count } else { 0 })
    }

    /// The slot that has the key, or could take it.
    fn slot(&mut self, key: u64) -> Option<&mut Slot> {
        let mask = self.slots.len().checked_sub(1)?;
        let start = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize;
        let i = (0..PROBES_MAX).map(|k| (start + k) & mask).find(|&i| {
            let s = &self.slots[i];
            s.epoch != self.epoch || s.key == key
        })?;
        Some(&mut self.slots[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_forgets() {
        let mut c = Counts::default();
        assert_eq!(c.get(1), 0);
        for rows in 0..3 {
            c.clear(100 + rows);
            for k in 0..100u64 {
                assert_eq!((c.add(k), c.get(k)), (0, 1), "{rows} {k}");
            }
            assert_eq!((c.add(7), c.add(7), c.get(7), c.get(1000)), (1, 2, 3, 0));
            c.clear(200);
        }
    }

    #[test]
    fn a_full_table_stops() {
        let mut c = Counts::default();
        c.clear(1);
        let known = (0..10_000u64)
            .filter(|&k| {
                c.add(k);
                c.get(k) == 1
            })
            .count();
        assert_eq!(known, 64);
    }
}
