//! Rows divided by their root mean square.

use super::isa::versions;
use super::passes::sum;

versions! {
    /// `1 / √(mean(s²) + eps)` of a row.
    fn inverse_rms(s: &[f32], eps: f32) -> f32 {
        1.0 / (sum(s.len(), |i| s[i] * s[i]) / s.len() as f32 + eps).sqrt()
    }

    /// `y = s · inverse · scale` for one row.
    fn rms_row(y: &mut [f32], s: &[f32], inverse: f32, scale: &[f32]) {
        for ((y, s), w) in y.iter_mut().zip(s).zip(scale) { *y = s * inverse * w; }
    }

    /// Gradient with respect to one row of the input.
    fn rms_row_back(out: &mut [f32], g: &[f32], s: &[f32], inverse: f32, scale: &[f32]) {
        let len = out.len();
        let (g, s, scale) = (&g[..len], &s[..len], &scale[..len]);
        let inner = sum(len, |i| g[i] * scale[i] * (s[i] * inverse)) / len as f32;
        for i in 0..len { out[i] = inverse * (g[i] * scale[i] - s[i] * inverse * inner); }
    }

    /// `out += g · s · inverse`, from one row.
    fn rms_scale_back(out: &mut [f32], g: &[f32], s: &[f32], inverse: f32) {
        for ((out, g), s) in out.iter_mut().zip(g).zip(s) { *out += g * (s * inverse); }
    }
}
