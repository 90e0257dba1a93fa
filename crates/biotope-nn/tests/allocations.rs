//! Products allocate nothing once they are warm: requests of the inference path must not.
#![expect(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use biotope_nn::Precision;
use biotope_nn::measure::{Kind, Trial};
use biotope_nn::paths::{available, with_path};

struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is the system's allocator's work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Counts of rounds until three in a row allocate nothing, at most 20: a thread that steals work for the first time
/// allocates within `rayon`, whenever that happens.
fn settle(mut round: impl FnMut() -> usize) -> Vec<usize> {
    let mut counts = Vec::with_capacity(20);
    while counts.len() < 20 && !counts.ends_with(&[0; 3]) {
        counts.push(round());
    }
    counts
}

#[test]
fn warm_products_allocate_nothing() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a pool");
    let cases = [
        (Kind::Forward, Precision::F32),
        (Kind::Forward, Precision::Bf16),
        (Kind::Forward, Precision::Int8),
        (Kind::Gradient, Precision::F32),
        (Kind::Gradient, Precision::Bf16),
    ];
    for path in available() {
        for (kind, precision) in cases {
            for shape in [[110, 130, 67], [24, 300, 64], [1, 64, 33]] {
                let trial = || with_path(*path, || Trial::new(kind, precision, shape)).expect("available");
                // Each thread plays each part.
                pool.broadcast(|_| {
                    let mut trial = trial();
                    with_path(*path, || (0..4).for_each(|_| trial.run())).expect("available");
                });
                let mut trial = trial();
                let round = || {
                    let before = COUNT.load(Ordering::Relaxed);
                    (0..5).for_each(|_| trial.run());
                    COUNT.load(Ordering::Relaxed) - before
                };
                let counts = pool.install(|| with_path(*path, || settle(round)).expect("available"));
                assert!(counts.ends_with(&[0; 3]), "{path} {kind:?} {precision} {shape:?}: {counts:?}");
            }
        }
    }
    assert!(COUNT.load(Ordering::Relaxed) > 0, "the allocator counts");
}
