//! Functions compiled for each instruction set.

/// Defines functions that are compiled once per instruction set and chosen at run time, by [`super::paths::path`].
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
                use $crate::kernels::paths::Path;
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
                fn avx512($($arg: $type),*) $(-> $out)? { plain($($arg),*) }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $type),*) $(-> $out)? { plain($($arg),*) }
                match $crate::kernels::paths::path() {
                    // SAFETY: a path runs only where exactly these features were detected.
                    Path::Avx512 | Path::Avx512Bf16 | Path::Amx => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    Path::Avx2 => return unsafe { avx2($($arg),*) },
                    Path::Portable => {}
                }
            }
            plain($($arg),*)
        }
    )*};
}
pub(crate) use versions;
