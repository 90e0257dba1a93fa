//! Which instructions this machine has, and functions compiled for each set.

use std::sync::OnceLock;

/// Instruction sets that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// 512-bit vectors with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 256-bit vectors with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Whatever the target has by default.
    Plain,
}

/// The best set of this machine, found once.
pub(crate) fn isa() -> Isa {
    static ISA: OnceLock<Isa> = OnceLock::new();
    *ISA.get_or_init(|| all()[0])
}

/// The sets that this machine can run, best first.
pub(crate) fn all() -> Vec<Isa> {
    let mut sets = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        let v2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let v4 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        if v2 && v4 {
            sets.push(Isa::Avx512);
        }
        if v2 {
            sets.push(Isa::Avx2);
        }
    }
    sets.push(Isa::Plain);
    sets
}

/// Defines functions that are compiled once per instruction set and chosen at run time.
///
/// Rust never contracts `a * b + c` by itself, so all versions give the same bits as long as the body does not call
/// `mul_add` or reorder sums.
macro_rules! versions {
    ($($(#[$meta:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? $body:block)*) => {$(
        $(#[$meta])*
        #[expect(unsafe_code, reason = "a function compiled for an instruction set is unsafe to call")]
        #[cfg_attr(not(target_arch = "x86_64"), expect(unfulfilled_lint_expectations, reason = "one version only"))]
        pub(crate) fn $name($($arg: $type),*) $(-> $out)? {
            #[inline(always)]
            fn plain($($arg: $type),*) $(-> $out)? $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
                fn avx512($($arg: $type),*) $(-> $out)? { plain($($arg),*) }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $type),*) $(-> $out)? { plain($($arg),*) }
                match $crate::kernels::isa::isa() {
                    // SAFETY: `isa` says so only after detecting exactly these features.
                    $crate::kernels::isa::Isa::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    $crate::kernels::isa::Isa::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::kernels::isa::Isa::Plain => {}
                }
            }
            plain($($arg),*)
        }
    )*};
}
pub(crate) use versions;
