//! Counting hashes fast: an open table that is emptied in no time and used again.

use std::cell::RefCell;

thread_local! {
    static SPARE: RefCell<Tally> = RefCell::new(Tally::default());
}

/// How often each hash was met, and where first.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    slots: Vec<Slot>,
    round: u32,
    used: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    key: u64,
    round: u32,
    count: u32,
    first: u32,
}

impl Tally {
    /// Works with this thread's table, empty and with room for `expected` hashes.
    pub(crate) fn with<T>(expected: usize, work: impl FnOnce(&mut Self) -> T) -> T {
        let mut tally = SPARE.take();
        tally.clear(expected);
        let done = work(&mut tally);
        SPARE.replace(tally);
        done
    }

    /// Empties the table.
    pub(crate) fn clear(&mut self, expected: usize) {
        let room = (expected * 2).next_power_of_two().max(64);
        self.used = 0;
        if self.slots.len() < room || self.round == u32::MAX {
            (self.slots, self.round) = (vec![Slot::default(); room], 0);
        }
        self.round += 1;
    }

    /// Counts one; returns how often it was counted now, and the place that was given the first time.
    pub(crate) fn add(&mut self, key: u64, place: u32) -> (u32, u32) {
        if (self.used + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        // Multiplied once more, because keys of callers may be sums with idle low bits.
        let mut at = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        loop {
            let slot = &mut self.slots[at];
            if slot.round != self.round {
                *slot = Slot { key, round: self.round, count: 1, first: place };
                self.used += 1;
                return (1, place);
            }
            if slot.key == key {
                slot.count += 1;
                return (slot.count, slot.first);
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let old = std::mem::take(&mut self.slots);
        let round = self.round;
        (self.slots, self.round, self.used) = (vec![Slot::default(); old.len() * 2], 1, 0);
        let mask = self.slots.len() - 1;
        for slot in old.into_iter().filter(|slot| slot.round == round) {
            let mut at = (slot.key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
            while self.slots[at].round == 1 {
                at = (at + 1) & mask;
            }
            self.slots[at] = Slot { round: 1, ..slot };
            self.used += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn it_counts_as_a_map_does(keys in proptest::collection::vec(0u64..200, 0..600)) {
            for expected in [0, 600] {
                let mut map: HashMap<u64, (u32, u32)> = HashMap::new();
                Tally::with(expected, |tally| {
                    for (place, key) in keys.iter().enumerate() {
                        let entry = map.entry(*key).or_insert((0, place as u32));
                        entry.0 += 1;
                        assert_eq!(tally.add(*key, place as u32), *entry);
                    }
                });
            }
        }
    }
}
