//! The gradient guard: a parameter that learns nothing is a mistake, not a detail.

use candle_core::backprop::GradStore;
use candle_core::{DType, Tensor};

use crate::{DirectGrad, Output, Params};

/// Names of all parameters whose gradient is missing, all zero, or not finite, in order.
///
/// A parameter with row gradients counts by its leaves, one with a direct gradient by that. Call it after the first
/// backward pass over `output`.
pub fn missing(params: &Params, grads: &GradStore, output: &Output) -> Vec<String> {
    let alive = |name: &str, param: &Tensor| {
        let found = gradients(name, param, grads, output);
        found.iter().flatten().any(moves) && found.iter().flatten().all(finite)
    };
    params.iter().filter(|(name, var)| !alive(name, var)).map(|(name, _)| name).collect()
}

/// Those of them that the pass did not reach at all, or whose gradient is not finite. A gradient may be zero by chance: that
/// of a bias is, at first, if every class has equally many examples in the batch.
pub fn unreached(params: &Params, grads: &GradStore, output: &Output) -> Vec<String> {
    let reached = |name: &str, param: &Tensor| {
        let found = gradients(name, param, grads, output);
        found.iter().any(Option::is_some) && found.iter().flatten().all(finite)
    };
    params.iter().filter(|(name, var)| !reached(name, var)).map(|(name, _)| name).collect()
}

/// Whatever the pass left for one parameter.
fn gradients(name: &str, param: &Tensor, grads: &GradStore, output: &Output) -> Vec<Option<Tensor>> {
    let leaves = output.rows.iter().filter(|row| row.param == name).map(|row| grads.get(&row.leaf).cloned());
    let direct = output.direct.iter().filter(|direct| direct.param == name).map(DirectGrad::get);
    leaves.chain(direct).chain([grads.get(param).cloned()]).collect()
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
    use crate::RowGrad;

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
        vb.get_with_hints(2, "direct", init).unwrap();
        let rows = vec![RowGrad { param: "table".into(), rows: vec![2], leaf: leaf.clone() }];
        // candle does not even go back through a factor of 0.0: a tensor of zeros gives a gradient that is zero.
        let zero = (zero * Tensor::zeros(3, DType::F32, &Device::Cpu).unwrap()).unwrap();
        let parts = [used, zero, (nan * f64::NAN).unwrap(), leaf.flatten_all().unwrap()];
        let logits = Tensor::cat(&parts, 0).unwrap().sum_all().unwrap();
        let grads = logits.backward().unwrap();
        let direct = DirectGrad::new("direct");
        let output = Output { logits: logits.clone(), rows, direct: vec![direct.clone()] };
        assert_eq!(missing(&params, &grads, &output), ["direct", "nan", "unused", "zero"]);
        assert_eq!(unreached(&params, &grads, &output), ["direct", "nan", "unused"]);
        direct.set(Tensor::ones(2, DType::F32, &Device::Cpu).unwrap());
        assert_eq!(missing(&params, &grads, &output), ["nan", "unused", "zero"]);
        let dense = Output::dense(logits);
        assert_eq!(missing(&params, &grads, &dense), ["direct", "nan", "table", "unused", "zero"]);
    }
}
