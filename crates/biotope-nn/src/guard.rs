//! The gradient guard: a parameter that learns nothing is a mistake, not a detail.

use candle_core::backprop::GradStore;
use candle_core::{DType, Tensor};

use crate::{Params, RowGrad};

/// Names of all parameters whose gradient is missing, all zero, or not finite, in order.
///
/// A parameter with row gradients counts by its leaves. Call it after the first backward pass.
pub fn missing(params: &Params, grads: &GradStore, rows: &[RowGrad]) -> Vec<String> {
    let alive = |name: &str, param: &Tensor| {
        let leaves: Vec<&RowGrad> = rows.iter().filter(|row| row.param == name).collect();
        let found: Vec<Option<&Tensor>> = if leaves.is_empty() {
            vec![grads.get(param)]
        } else {
            leaves.iter().map(|row| grads.get(&row.leaf)).collect()
        };
        found.iter().any(|grad| grad.is_some_and(moves)) && found.iter().flatten().all(|grad| finite(grad))
    };
    params.iter().filter(|(name, var)| !alive(name, var)).map(|(name, _)| name).collect()
}

fn values(grad: &Tensor) -> Vec<f32> {
    let flat = grad.to_dtype(DType::F32).and_then(|grad| grad.flatten_all()?.to_vec1());
    flat.unwrap_or_default()
}

fn moves(grad: &Tensor) -> bool {
    values(grad).iter().any(|value| *value != 0.0)
}

fn finite(grad: &Tensor) -> bool {
    values(grad).iter().all(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use biotope_core::Seed;
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn it_names_what_does_not_learn() {
        let params = Params::new(Seed(1), &Device::Cpu);
        let (vb, init) = (params.vb(), candle_nn::init::ONE);
        let used = vb.get_with_hints(3, "used", init).unwrap();
        let zero = vb.get_with_hints(3, "zero", init).unwrap();
        let nan = vb.get_with_hints(3, "nan", init).unwrap();
        vb.get_with_hints(3, "unused", init).unwrap();
        vb.get_with_hints((3, 1), "table", init).unwrap();
        let leaf = Var::ones((1, 1), DType::F32, &Device::Cpu).unwrap().as_tensor().clone();
        let rows = [RowGrad { param: "table".into(), rows: vec![2], leaf: leaf.clone() }];
        let parts = [used, (zero * 0.0).unwrap(), (nan * f64::NAN).unwrap(), leaf.flatten_all().unwrap()];
        let grads = Tensor::cat(&parts, 0).unwrap().sum_all().unwrap().backward().unwrap();
        assert_eq!(missing(&params, &grads, &rows), ["nan", "unused", "zero"]);
        assert_eq!(missing(&params, &grads, &[]), ["nan", "table", "unused", "zero"]);
    }
}
