//! Named parameters: created by asking, seeded by name, saved as safetensors.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs;
use std::hash::BuildHasher;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use biotope_core::{Seed, seed};
use candle_core::{DType, Device, Shape, Tensor, Var};
use candle_nn::VarBuilder;
use candle_nn::init::{Init, NormalOrUniform};
use candle_nn::var_builder::SimpleBackend;

use crate::error::shape;
use crate::{Error, Result};

type Map = BTreeMap<String, Var>;

/// The parameters of a model.
///
/// [`Params::vb`] gives a [`VarBuilder`]: the first request for a name creates the parameter (its values depend
/// on the seed and the name only), later requests find it. Clones share the parameters.
#[derive(Clone)]
pub struct Params {
    seed: Seed,
    device: Device,
    map: Arc<Mutex<Map>>,
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, var)| (name, var.dims().to_vec()))).finish()
    }
}

/// How a file and a model differ, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Misfit {
    /// In the model, not in the file.
    pub missing: Vec<String>,
    /// In the file, not in the model.
    pub unexpected: Vec<String>,
    /// In both, with different shapes (`"name: expected [2, 3], got [3]"`).
    pub misshaped: Vec<String>,
}

impl Misfit {
    /// Whether everything fits.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.misshaped.is_empty()
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds =
            [("missing", &self.missing), ("unexpected", &self.unexpected), ("misshaped", &self.misshaped)];
        let texts: Vec<String> = kinds
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(kind, names)| list(kind, names))
            .collect();
        f.write_str(&texts.join("; "))
    }
}

fn list(kind: &str, names: &[String]) -> String {
    let shown = names.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(8) {
        0 => format!("{kind} {shown}"),
        more => format!("{kind} {shown} and {more} more"),
    }
}

impl Params {
    /// No parameters yet.
    pub fn new(seed: Seed, device: &Device) -> Self {
        Self { seed, device: device.clone(), map: Arc::default() }
    }

    /// Where they live.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// A builder that finds parameters by name, or creates them.
    pub fn vb(&self) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(self.clone()), DType::F32, self.device.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All parameters, sorted by name (variables are handles: cloning one does not copy its values).
    pub fn iter(&self) -> impl Iterator<Item = (String, Var)> + use<> {
        self.lock().clone().into_iter()
    }

    /// The parameter of that name.
    pub fn get(&self, name: &str) -> Option<Var> {
        self.lock().get(name).cloned()
    }

    /// Number of parameters (tensors).
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of trained numbers.
    pub fn elements(&self) -> usize {
        self.iter().map(|(_, var)| var.elem_count()).sum()
    }

    /// Overwrites the values of a parameter.
    pub fn set(&self, name: &str, value: &Tensor) -> Result<()> {
        let var = self.get(name).ok_or_else(|| Error::NoParameter { name: name.to_owned() })?;
        if var.dims() != value.dims() {
            return Err(shape(name, format!("{:?}", var.dims()), format!("{:?}", value.dims())));
        }
        let value = value.detach().to_device(&self.device)?.to_dtype(var.dtype())?.contiguous()?;
        Ok(var.set(&value)?)
    }

    /// Writes all parameters as safetensors, atomically (a temporary neighbour, then a rename).
    pub fn save(&self, path: &Path) -> Result<()> {
        let tensors: HashMap<String, Tensor> =
            self.iter().map(|(name, var)| (name, var.as_tensor().detach())).collect();
        save(&tensors, path)
    }

    /// Reads values for exactly the parameters that exist; the error names every difference.
    pub fn load(&self, path: &Path) -> Result<()> {
        let misfit = self.load_with(path, |name| Some(name.to_owned()))?;
        if misfit.is_empty() { Ok(()) } else { Err(Error::Misfit { path: path.to_owned(), misfit }) }
    }

    /// Reads what fits: `rename` gives the parameter's name for a name in the file (`None`: skip it silently).
    /// Nothing is written if a shape differs. Tells what is missing and unexpected.
    pub fn load_with(&self, path: &Path, rename: impl Fn(&str) -> Option<String>) -> Result<Misfit> {
        let mut found = BTreeMap::new();
        for (name, tensor) in open(path, &self.device)? {
            if let Some(name) = rename(&name) {
                found.insert(name, tensor);
            }
        }
        let known = self.lock().clone();
        let misfit = compare(&known, &found);
        if misfit.misshaped.is_empty() {
            for (name, tensor) in found.iter().filter(|(name, _)| known.contains_key(*name)) {
                self.set(name, tensor)?;
            }
        }
        Ok(misfit)
    }

    fn create(&self, shape: &Shape, name: &str, init: Init) -> candle_core::Result<Var> {
        let values = draw(self.seed, name, shape, init);
        Var::from_tensor(&Tensor::from_vec(values, shape.clone(), &self.device)?)
    }
}

fn compare(known: &Map, found: &BTreeMap<String, Tensor>) -> Misfit {
    let misshaped = known.iter().filter_map(|(name, var)| {
        let got = found.get(name)?.dims();
        (got != var.dims()).then(|| format!("{name}: expected {:?}, got {got:?}", var.dims()))
    });
    Misfit {
        missing: known.keys().filter(|name| !found.contains_key(*name)).cloned().collect(),
        unexpected: found.keys().filter(|name| !known.contains_key(*name)).cloned().collect(),
        misshaped: misshaped.collect(),
    }
}

/// Opens a safetensors file.
pub fn open(path: &Path, device: &Device) -> Result<BTreeMap<String, Tensor>> {
    let bytes = fs::read(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
    let tensors = candle_core::safetensors::load_buffer(&bytes, device)
        .map_err(|error| Error::Format { path: path.to_owned(), reason: error.to_string() })?;
    Ok(tensors.into_iter().collect())
}

/// Writes tensors as safetensors, atomically: a temporary neighbour, flushed to disk, then a rename.
pub fn save(tensors: &HashMap<String, Tensor, impl BuildHasher>, path: &Path) -> Result<()> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = path.with_file_name(name);
    let list: BTreeMap<&String, &Tensor> = tensors.iter().collect();
    // Older releases of `transformers` refuse a file that does not say whose layout it has.
    let format = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let bytes = safetensors::serialize(list, Some(format))
        .map_err(|error| Error::Format { path: path.to_owned(), reason: error.to_string() })?;
    let written = fs::File::create(&partial)
        .and_then(|mut file| {
            std::io::Write::write_all(&mut file, &bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // The first error is the one to tell; a leftover is no harm.
        fs::remove_file(&partial).ok();
    }
    written.map_err(io)
}

fn draw(seed: Seed, name: &str, shape: &Shape, init: Init) -> Vec<f32> {
    let rng = &mut seed.stream(&format!("init/{name}"));
    let normal = |mean: f64, stdev: f64| Draw::Normal { mean, stdev };
    let draw = match init {
        Init::Const(value) => return vec![value as f32; shape.elem_count()],
        Init::Randn { mean, stdev } => normal(mean, stdev),
        Init::Uniform { lo, up } => Draw::Uniform { lo, up },
        Init::Kaiming { dist, fan, non_linearity } => {
            let stdev = non_linearity.gain() / (fan.for_shape(shape) as f64).sqrt();
            let edge = stdev * 3f64.sqrt();
            match dist {
                NormalOrUniform::Normal => normal(0.0, stdev),
                NormalOrUniform::Uniform => Draw::Uniform { lo: -edge, up: edge },
            }
        }
    };
    let mut one = || match draw {
        Draw::Normal { mean, stdev } => mean + stdev * seed::normal(rng),
        Draw::Uniform { lo, up } => lo + (up - lo) * seed::unit(rng),
    };
    (0..shape.elem_count()).map(|_| one() as f32).collect()
}

#[derive(Clone, Copy)]
enum Draw {
    Normal { mean: f64, stdev: f64 },
    Uniform { lo: f64, up: f64 },
}

impl SimpleBackend for Params {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        init: Init,
        dtype: DType,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        let mut map = self.lock();
        let var = match map.get(name) {
            Some(var) => var.clone(),
            None => self.create(&shape, name, init)?,
        };
        if var.shape() != &shape {
            candle_core::bail!("parameter {name}: asked for {shape:?}, it is {:?}", var.shape())
        }
        map.insert(name.to_owned(), var.clone());
        var.as_tensor().to_device(device)?.to_dtype(dtype)
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        match Params::get(self, name) {
            Some(var) => var.as_tensor().to_device(device)?.to_dtype(dtype),
            None => candle_core::bail!("no parameter is named {name:?}"),
        }
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.lock().contains_key(name)
    }
}

#[cfg(test)]
mod tests {
    use candle_nn::init::{DEFAULT_KAIMING_NORMAL, ZERO};

    use super::*;

    fn two(seed: u64, names: [&str; 2]) -> Params {
        let params = Params::new(Seed(seed), &Device::Cpu);
        for name in names {
            params.vb().get_with_hints((40, 50), name, DEFAULT_KAIMING_NORMAL).unwrap();
        }
        params
    }

    fn values(params: &Params, name: &str) -> Vec<f32> {
        params.get(name).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn values_depend_on_seed_and_name_only() {
        let (a, b) = (two(7, ["x", "y"]), two(7, ["y", "x"]));
        assert_eq!(values(&a, "x"), values(&b, "x"));
        assert_ne!(values(&a, "x"), values(&a, "y"));
        assert_ne!(values(&a, "x"), values(&two(8, ["x", "y"]), "x"));
        let variance = values(&a, "x").iter().map(|x| x * x).sum::<f32>() / 2000.0;
        assert!((variance / (2.0 / 50.0) - 1.0).abs() < 0.15, "{variance}");
    }

    #[test]
    fn one_name_is_one_variable() {
        let params = two(1, ["x", "y"]);
        let again = params.vb().get((40, 50), "x").unwrap();
        assert_eq!(again.id(), params.get("x").unwrap().id());
        assert!(
            params.vb().get((2, 2), "x").unwrap_err().to_string().contains("parameter x: asked for [2, 2]")
        );
    }

    #[test]
    fn saved_and_loaded_are_equal_and_misfits_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model.safetensors");
        let params = two(1, ["x", "y"]);
        params.save(&path).unwrap();
        let other = two(2, ["x", "y"]);
        other.load(&path).unwrap();
        assert_eq!(values(&params, "y"), values(&other, "y"));
        let odd = two(1, ["x", "z"]);
        let text = odd.load(&path).unwrap_err().to_string();
        assert!(text.ends_with("parameters do not fit the model: missing z; unexpected y"), "{text}");
        let small = Params::new(Seed(1), &Device::Cpu);
        small.vb().get_with_hints(3, "x", ZERO).unwrap();
        let text = small.load(&path).unwrap_err().to_string();
        assert!(text.ends_with("unexpected y; misshaped x: expected [3], got [40, 50]"), "{text}");
        assert_eq!(values(&small, "x"), [0.0; 3]);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_broken_file_and_an_unwritable_place_are_errors() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model.safetensors");
        fs::write(&path, b"not tensors").unwrap();
        let params = two(1, ["x", "y"]);
        assert!(params.load(&path).unwrap_err().to_string().contains("not a readable safetensors file"));
        assert!(matches!(params.save(&dir.path().join("none/model")).unwrap_err(), Error::Io { .. }));
        assert!(matches!(params.load(&dir.path().join("none")).unwrap_err(), Error::Io { .. }));
    }
}
