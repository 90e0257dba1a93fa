//! The state as named tensors: what a checkpoint holds.

use std::collections::{BTreeMap, BTreeSet};

use candle_core::{DType, Device, Tensor};

use super::Param;
use crate::error::fits;
use crate::{Error, Result, host};

const STEP: &str = "step";

pub(super) fn write(rule: &str, params: &[Param]) -> Result<BTreeMap<String, Tensor>> {
    let mut state = BTreeMap::new();
    for param in params {
        state.insert(key(rule, STEP, param), Tensor::new(param.step as i64, &Device::Cpu)?);
        for (slot, buffer) in param.slots.iter().zip(&param.state) {
            let tensor = Tensor::from_slice(buffer, slot.dims.as_slice(), &Device::Cpu)?;
            state.insert(key(rule, slot.name, param), tensor);
        }
    }
    Ok(state)
}

pub(super) fn read(rule: &str, params: &mut [Param], state: &BTreeMap<String, Tensor>) -> Result<()> {
    check(rule, params, state)?;
    for param in params {
        param.step = state[&key(rule, STEP, param)].to_scalar::<i64>()? as u64;
        let keys: Vec<String> = param.slots.iter().map(|slot| key(rule, slot.name, param)).collect();
        for (key, buffer) in keys.iter().zip(&mut param.state) {
            host::with_slice(&state[key], |values| buffer.copy_from_slice(values))?;
        }
    }
    Ok(())
}

fn key(rule: &str, slot: &str, param: &Param) -> String {
    format!("{rule}/{slot}/{}", param.name)
}

/// Refuses what is missing, what has another shape and what nobody asked for.
fn check(rule: &str, params: &[Param], state: &BTreeMap<String, Tensor>) -> Result<()> {
    let mut wanted = BTreeSet::new();
    for param in params {
        let buffers = param.slots.iter().map(|slot| (slot.name, slot.dims.as_slice(), DType::F32));
        for (slot, dims, dtype) in buffers.chain([(STEP, [].as_slice(), DType::I64)]) {
            let name = key(rule, slot, param);
            fits(&name, state.get(&name), dims, dtype)?;
            wanted.insert(name);
        }
    }
    match state.keys().find(|name| !wanted.contains(*name)) {
        Some(name) => Err(Error::State { name: name.clone(), why: "it belongs to no parameter".to_owned() }),
        None => Ok(()),
    }
}
