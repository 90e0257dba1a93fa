//! Counter-based noise for dropout: whether element `i` of row `r` is kept is a function of a key, so a mask
//! is recomputed in the backward pass instead of stored, and does not depend on threads.

use biotope_core::Seed;

/// What a layer drops in one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Noise {
    key: u64,
    /// An element is kept if its 32 bits are at least this.
    threshold: u32,
    /// What kept elements are multiplied with: `1 / (1 - rate)`.
    scale: f32,
}

/// The noise of one row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowNoise {
    low: u32,
    high: u32,
    threshold: u32,
    scale: f32,
}

impl Noise {
    /// Noise of a layer; `None` if nothing is to be dropped.
    pub(crate) fn new(seed: Seed, layer: &str, rate: f64) -> Option<Self> {
        let rate = rate.clamp(0.0, 1.0);
        let threshold = (rate * 2f64.powi(32)).round().min(f64::from(u32::MAX)) as u32;
        let key = seed.derive(&format!("dropout/{layer}")).0;
        let scale = if rate < 1.0 { (1.0 / (1.0 - rate)) as f32 } else { 0.0 };
        (rate > 0.0).then_some(Self { key, threshold, scale })
    }

    /// The noise of row `index`.
    pub(crate) fn row(self, index: u64) -> RowNoise {
        // SplitMix64 (Steele et al. 2014) of key and row.
        let mut x = self.key.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
        RowNoise { low: x as u32, high: (x >> 32) as u32, threshold: self.threshold, scale: self.scale }
    }
}

impl RowNoise {
    /// 0, or the scale of kept elements.
    #[expect(clippy::inline_always, reason = "inlined code is compiled for the caller's instruction set")]
    #[inline(always)]
    pub(crate) fn factor(self, index: u32) -> f32 {
        // Two rounds of a 32-bit finaliser (Wellons' "lowbias32"): only operations that vectorise.
        let mut x = index.wrapping_mul(0x9e37_79b9) ^ self.low;
        x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
        x = ((x ^ (x >> 15)) ^ self.high).wrapping_mul(0x846c_a68b);
        x ^= x >> 16;
        f32::from_bits(self.scale.to_bits() * u32::from(x >= self.threshold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_right_share_everywhere() {
        let noise = Noise::new(Seed(3), "encoder", 0.3).unwrap();
        let (rows, columns) = (64, 2048);
        let kept = |row: u64, column: u32| f64::from(u8::from(noise.row(row).factor(column) != 0.0));
        let mut total = 0.0;
        for row in 0..rows {
            let share = (0..columns).map(|column| kept(row, column)).sum::<f64>() / f64::from(columns);
            assert!((share - 0.7).abs() < 0.05, "row {row}: {share}");
            total += share / rows as f64;
        }
        assert!((total - 0.7).abs() < 0.005, "{total}");
        for column in 0..256 {
            let share = (0..1024).map(|row| kept(row, column)).sum::<f64>() / 1024.0;
            assert!((share - 0.7).abs() < 0.075, "column {column}: {share}");
        }
    }

    #[test]
    fn neighbours_are_independent() {
        let noise = Noise::new(Seed(3), "encoder", 0.5).unwrap();
        let bit = |row: u64, column: u32| noise.row(row).factor(column) != 0.0;
        let mut agree = [0; 2];
        for row in 0..200 {
            for column in 0..200 {
                agree[0] += i32::from(bit(row, column) == bit(row, column + 1));
                agree[1] += i32::from(bit(row, column) == bit(row + 1, column));
            }
        }
        assert!(agree.iter().all(|count| (19_400..20_600).contains(count)), "{agree:?}");
    }

    #[test]
    fn seed_and_layer_matter_and_zero_is_none() {
        assert_eq!(Noise::new(Seed(1), "a", 0.0), None);
        assert_ne!(Noise::new(Seed(1), "a", 0.1), Noise::new(Seed(1), "b", 0.1));
        assert_ne!(Noise::new(Seed(1), "a", 0.1), Noise::new(Seed(2), "a", 0.1));
        let all = Noise::new(Seed(1), "a", 1.0).unwrap();
        assert_eq!(all.row(5).factor(7), 0.0);
    }
}
