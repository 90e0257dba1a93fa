//! From logits to predictions, on the host and in double precision.

use biotope_core::{Prediction, RecordId, Task};
use candle_core::{DType, Device, Tensor};

use crate::Result;
use crate::error::shape;

/// Predictions of `logits [batch, outputs]`: softmax (one label), sigmoid (many), the value itself (regression).
///
/// ```
/// use biotope_core::{RecordId, Task};
/// use candle_core::{Device, Tensor};
/// let task = Task::single_label(["acq", "粮食"]);
/// let logits = Tensor::new(&[[0f32, 3f32.ln()]], &Device::Cpu)?;
/// let predictions = biotope_nn::decode(&task, &logits, &[RecordId::of(&[b"a"])])?;
/// assert!((predictions[0].scores[1] - 0.75).abs() < 1e-6);
/// # Ok::<(), biotope_nn::Error>(())
/// ```
pub fn decode(task: &Task, logits: &Tensor, ids: &[RecordId]) -> Result<Vec<Prediction>> {
    let expected = [ids.len(), task.outputs()];
    if logits.dims() != expected {
        return Err(shape("logits", format!("{expected:?}"), format!("{:?}", logits.dims())));
    }
    let rows = logits.detach().to_device(&Device::Cpu)?.to_dtype(DType::F64)?.to_vec2::<f64>()?;
    let scores = |row: Vec<f64>| match task {
        Task::SingleLabel { .. } => softmax(&row),
        Task::MultiLabel { .. } => row.into_iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect(),
        Task::Regression => row,
    };
    Ok(ids.iter().zip(rows).map(|(id, row)| Prediction { id: *id, scores: scores(row) }).collect())
}

fn softmax(row: &[f64]) -> Vec<f64> {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exps: Vec<f64> = row.iter().map(|x| (x - max).exp()).collect();
    let sum: f64 = exps.iter().sum();
    exps.into_iter().map(|x| x / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_checked_and_big_logits_survive() {
        let ids = [RecordId::of(&[b"x"])];
        let task = Task::single_label(["a", "b"]);
        let logits = Tensor::new(&[[1e4f32, -1e4]], &Device::Cpu).unwrap();
        assert_eq!(decode(&task, &logits, &ids).unwrap()[0].scores, [1.0, 0.0]);
        let error = decode(&Task::Regression, &logits, &ids).unwrap_err();
        assert_eq!(error.to_string(), "logits: expected [1, 1], got [1, 2]");
    }
}
