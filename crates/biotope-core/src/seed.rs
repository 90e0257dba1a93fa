//! Seeds: one number per run, one independent stream per purpose.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};

/// The seed of a run.
///
/// Nothing in the house rolls unseeded dice: whoever needs chance asks for the stream of a purpose
/// (`"init/encoder.layer.0.weight"`, `"shuffle/3"`). Streams do not depend on each other, so a new
/// consumer of chance leaves the others' numbers alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// The `ChaCha8` stream of a purpose (key: BLAKE3 of seed and purpose).
    pub fn stream(self, purpose: &str) -> ChaCha8Rng {
        ChaCha8Rng::from_seed(self.key(purpose))
    }

    /// A seed derived for a purpose, to be handed on.
    #[must_use]
    pub fn derive(self, purpose: &str) -> Self {
        let key = self.key(purpose);
        Self(u64::from_le_bytes(key[..8].try_into().expect("a key has 32 bytes")))
    }

    fn key(self, purpose: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0.to_le_bytes());
        hasher.update(purpose.as_bytes());
        *hasher.finalize().as_bytes()
    }
}

/// A uniform number below `bound` without bias (Lemire 2019, rejection of the short low part).
pub fn below(rng: &mut ChaCha8Rng, bound: u64) -> u64 {
    assert!(bound > 0, "an empty range has no member to draw");
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(bound);
        if (product as u64) >= bound.wrapping_neg() % bound {
            return (product >> 64) as u64;
        }
    }
}

/// A uniform number in `[0, 1)` with 53 bits.
pub fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// A standard normal number (Box and Muller 1958).
pub fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - unit(rng)).ln()).sqrt();
    radius * (std::f64::consts::TAU * unit(rng)).cos()
}

/// Shuffles in place (Fisher and Yates).
pub fn shuffle<T>(rng: &mut ChaCha8Rng, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(rng, last as u64 + 1) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_stable_and_apart() {
        let first = |purpose| Seed(42).stream(purpose).next_u64();
        assert_eq!(first("init/a"), first("init/a"));
        assert_ne!(first("init/a"), first("init/b"));
        assert_eq!(Seed(42).derive("x"), Seed(5_340_483_144_346_747_498));
    }

    #[test]
    fn every_number_below_the_bound_comes_up_about_as_often() {
        let mut rng = Seed(1).stream("below");
        let mut counts = [0u32; 7];
        (0..70_000).for_each(|_| counts[below(&mut rng, 7) as usize] += 1);
        assert!(counts.iter().all(|c| (9_500..10_500).contains(c)), "{counts:?}");
    }

    #[test]
    fn the_normal_has_mean_zero_and_variance_one() {
        let mut rng = Seed(1).stream("normal");
        let draws: Vec<f64> = (0..100_000).map(|_| normal(&mut rng)).collect();
        let mean = draws.iter().sum::<f64>() / 1e5;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }

    #[test]
    fn shuffling_keeps_every_item() {
        let mut items: Vec<u32> = (0..100).collect();
        shuffle(&mut Seed(3).stream("shuffle"), &mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
