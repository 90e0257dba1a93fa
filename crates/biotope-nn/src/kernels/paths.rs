//! Which instructions the kernels use: found at run time, forced by `BIOTOPE_PATH` or [`with_path`].
//!
//! | path | products in f32 | in bf16 | in int8 |
//! |---|---|---|---|
//! | `amx` | as `avx512` | bf16 tiles | int8 tiles |
//! | `avx512-bf16` | as `avx512` | bf16 dot products | VNNI |
//! | `avx512` | 512-bit multiply-adds | f32 multiply-adds of rounded numbers | as `avx2` |
//! | `avx2` | 256-bit multiply-adds | the same | 16-bit multiply-adds |
//! | `portable` | the compiler's default | the same | the same |
//!
//! Sums in int8 are whole numbers: every path gives the same bits. In f32, `amx`, `avx512-bf16`, `avx512` and `avx2` give
//! the same bits; `portable` rounds products and sums apart. In bf16 the inputs are rounded alike everywhere; `avx512`,
//! `avx2` and `portable` give the same bits (a product of two bf16 is exact in `f32`), `avx512-bf16` and `amx` sum in
//! another order each, and take numbers below 2⁻¹²⁶ as zero. Where paths differ, it was by 2.1e-7 of the largest number of
//! the product, or less, for sums of 1,536 terms; a test holds that below 2e-6. Within a path, results depend neither on
//! the batch nor on the number of threads.

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use biotope_core::Invalid;

use crate::Result;

/// The environment variable that forces a path.
pub const VARIABLE: &str = "BIOTOPE_PATH";

/// A set of instructions; each has all that the ones before it have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Path {
    /// Whatever the target has by default.
    Portable,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// 512-bit vectors.
    Avx512,
    /// 512-bit vectors with dot products of bf16 and of bytes (`AVX512_BF16`, `AVX512_VNNI`).
    Avx512Bf16,
    /// Tiles of bf16 and of bytes (`AMX_BF16`, `AMX_INT8`).
    Amx,
}

impl Path {
    /// All paths, the plainest first.
    pub const ALL: [Self; 5] = [Self::Portable, Self::Avx2, Self::Avx512, Self::Avx512Bf16, Self::Amx];

    /// Its name, as in `BIOTOPE_PATH`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Avx512Bf16 => "avx512-bf16",
            Self::Amx => "amx",
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Path {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|path| path.name() == name);
        found.ok_or_else(|| {
            Invalid::new(VARIABLE, "must name a path of the kernels", name).with_hint(choices())
        })
    }
}

/// The paths that this machine can run, the plainest first.
pub fn available() -> &'static [Path] {
    static BEST: OnceLock<usize> = OnceLock::new();
    let best = *BEST.get_or_init(|| Path::ALL.iter().take_while(|path| detected(**path)).count());
    &Path::ALL[..best]
}

/// The path that runs here and now: of [`with_path`], else of `BIOTOPE_PATH`, else the best. Where the variable is wrong
/// this is the best, and [`chosen`] says what is wrong.
pub fn path() -> Path {
    FORCED.get().unwrap_or_else(|| default().0)
}

/// As [`path`], or what is wrong with `BIOTOPE_PATH`: for a program to ask once, when it starts.
pub fn chosen() -> Result<Path> {
    match &default().1 {
        Some(invalid) if FORCED.get().is_none() => Err(invalid.clone().into()),
        _ => Ok(path()),
    }
}

/// Runs `work` on a path that this machine has. It holds for what `work` computes from this thread, on whatever threads
/// that runs, and for no other; within `rayon`'s `ThreadPool::install`, force the path inside.
pub fn with_path<T>(path: Path, work: impl FnOnce() -> T) -> Result<T> {
    check(path)?;
    Ok(within(path, work))
}

thread_local! {
    static FORCED: Cell<Option<Path>> = const { Cell::new(None) };
}

/// Runs `work` on a path that was captured where it was asked for.
pub(crate) fn within<T>(path: Path, work: impl FnOnce() -> T) -> T {
    struct Restore(Option<Path>);
    impl Drop for Restore {
        fn drop(&mut self) {
            FORCED.set(self.0);
        }
    }
    let _restore = Restore(FORCED.replace(Some(path)));
    work()
}

fn default() -> &'static (Path, Option<Invalid>) {
    static DEFAULT: OnceLock<(Path, Option<Invalid>)> = OnceLock::new();
    DEFAULT.get_or_init(|| choose(std::env::var(VARIABLE).ok().as_deref()))
}

/// The path that a value of the variable asks for; the best one, with what is wrong, if it cannot be had.
fn choose(value: Option<&str>) -> (Path, Option<Invalid>) {
    let best = available().last().copied().unwrap_or(Path::Portable);
    let asked = value.filter(|name| !name.is_empty()).map(|name| {
        let path: Path = name.parse()?;
        check(path).and(Ok(path))
    });
    match asked {
        None => (best, None),
        Some(Ok(path)) => (path, None),
        Some(Err(invalid)) => (best, Some(invalid)),
    }
}

fn check(path: Path) -> Result<(), Invalid> {
    if available().contains(&path) {
        return Ok(());
    }
    Err(Invalid::new(VARIABLE, "must be a path that this machine has", path).with_hint(choices()))
}

fn choices() -> String {
    let names: Vec<_> = available().iter().map(|path| path.name()).collect();
    format!("this machine has {}", names.join(", "))
}

#[cfg(target_arch = "x86_64")]
fn detected(path: Path) -> bool {
    match path {
        Path::Portable => true,
        Path::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
        Path::Avx512 => {
            is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
        }
        Path::Avx512Bf16 => is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512vnni"),
        Path::Amx => super::micro::amx::detected(),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detected(path: Path) -> bool {
    path == Path::Portable
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::threads;

    #[test]
    fn names_go_both_ways() {
        assert!(Path::ALL.into_iter().all(|path| path.to_string().parse() == Ok(path)));
        assert_eq!(available()[0], Path::Portable);
    }

    #[test]
    fn a_wrong_name_is_reported_and_the_best_path_runs() {
        let best = *available().last().unwrap();
        assert_eq!(choose(None), (best, None));
        assert_eq!(choose(Some("portable")), (Path::Portable, None));
        let (path, wrong) = choose(Some("sse9"));
        assert_eq!(path, best);
        let wrong = wrong.unwrap();
        assert_eq!(wrong.to_string(), "invalid BIOTOPE_PATH: must name a path of the kernels, got sse9");
        assert!(wrong.hint().unwrap().contains("portable"));
        for path in Path::ALL.into_iter().filter(|path| !available().contains(path)) {
            assert_eq!(choose(Some(path.name())).0, best);
            assert!(
                with_path(path, || ())
                    .unwrap_err()
                    .to_string()
                    .contains("must be a path that this machine has")
            );
        }
    }

    #[test]
    fn a_forced_path_reaches_the_workers_and_ends_with_its_work() {
        for forced in available() {
            let count = with_path(*forced, || {
                let seen = std::sync::Mutex::new(Vec::new());
                threads::each(true, 64, |_| seen.lock().unwrap().push(path()));
                seen.into_inner().unwrap().iter().filter(|seen| *seen == forced).count()
            });
            assert_eq!(count.unwrap(), 64);
        }
        assert_eq!(FORCED.get(), None);
    }
}
