//! Numbers that `PyTorch` gave, and layers held against them.

use std::collections::BTreeMap;
use std::path::Path;

use biotope_core::Seed;
use biotope_nn::{Params, Result};
use candle_core::{Device, Tensor, Var};
use candle_nn::VarBuilder;
use serde::Deserialize;

#[derive(Deserialize)]
struct Param {
    shape: Vec<usize>,
    value: Vec<f32>,
    grad: Vec<f32>,
}

/// One pass of a layer, forward and backward.
#[derive(Deserialize)]
pub(crate) struct LayerCase {
    x: Vec<f32>,
    weights: Vec<f32>,
    y: Vec<f32>,
    dx: Vec<f32>,
    params: BTreeMap<String, Param>,
    /// What the layer has counted after the pass.
    #[serde(default)]
    buffers: BTreeMap<String, Vec<f32>>,
}

impl LayerCase {
    /// Holds a layer against the numbers; `shape` is that of its input.
    pub(crate) fn check(
        &self,
        name: &str,
        shape: &[usize],
        layer: impl Fn(&VarBuilder, &Tensor) -> Result<Tensor>,
    ) {
        let params = Params::new(Seed(1), &Device::Cpu);
        for (name, param) in &self.params {
            params.vb().get(param.shape.as_slice(), name).unwrap();
            let value = Tensor::from_slice(&param.value, param.shape.as_slice(), &Device::Cpu).unwrap();
            params.set(name, &value).unwrap();
        }
        let x = Var::from_tensor(&Tensor::from_slice(&self.x, shape, &Device::Cpu).unwrap()).unwrap();
        let y = layer(&params.vb(), &x).unwrap();
        close(name, &y, &self.y);
        let weights = Tensor::from_slice(&self.weights, y.shape(), &Device::Cpu).unwrap();
        let grads = (y * weights).unwrap().sum_all().unwrap().backward().unwrap();
        close(&format!("{name}: dx"), grads.get(&x).unwrap(), &self.dx);
        assert_eq!(params.len(), self.params.len());
        for (param, var) in params.iter() {
            close(&format!("{name}: {param}"), grads.get(&var).unwrap(), &self.params[&param].grad);
        }
        assert_eq!(params.buffers().count(), self.buffers.len());
        for (buffer, var) in params.buffers() {
            close(&format!("{name}: {buffer}"), &var, &self.buffers[&buffer]);
        }
    }
}

/// The numbers of a case.
pub(crate) fn expected<T: for<'a> Deserialize<'a>>(case: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/reference/biotope-nn")
        .join(case)
        .join("expected.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub(crate) fn close(what: &str, got: &Tensor, expected: &[f32]) {
    let got = got.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(got.len(), expected.len(), "{what}");
    for (got, expected) in got.iter().zip(expected) {
        assert!(
            (got - expected).abs() <= 1e-5 * expected.abs().max(1.0),
            "{what}: {got}, PyTorch says {expected}"
        );
    }
}
