//! Named parameters: created by asking, seeded by name, saved as safetensors. Beside them buffers: what layers count.

mod draw;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs;
use std::hash::BuildHasher;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use biotope_core::Seed;
use candle_core::{DType, Device, Shape, Tensor, Var};
use candle_nn::VarBuilder;
use candle_nn::init::Init;
use candle_nn::var_builder::SimpleBackend;

use self::draw::draw;
use crate::error::shape;
use crate::{Error, Result};

type Map = BTreeMap<String, Var>;

/// What the last part of a name begins with when [`buffer`] asks for it.
const BUFFER: &str = "buffer:";

/// The parameters of a model.
///
/// [`Params::vb`] gives a [`VarBuilder`]: the first request for a name creates the parameter (its values depend
/// on the seed and the name only), later requests find it. Clones share the parameters.
#[derive(Clone)]
pub struct Params {
    seed: Seed,
    device: Device,
    map: Arc<Mutex<Map>>,
    buffers: Arc<Mutex<Map>>,
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
        Self { seed, device: device.clone(), map: Arc::default(), buffers: Arc::default() }
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
        lock(&self.map)
    }

    /// Parameters and buffers.
    fn everything(&self) -> Map {
        let mut all = self.lock().clone();
        all.extend(self.buffers());
        all
    }

    /// All buffers, sorted by name: what layers count and nobody trains, such as the running statistics of a
    /// [`BatchNorm`](crate::layers::BatchNorm). They are saved and opened with the parameters; [`Params::iter`], and so
    /// the optimizer and the gradient guard, does not know them.
    pub fn buffers(&self) -> impl Iterator<Item = (String, Var)> + use<> {
        lock(&self.buffers).clone().into_iter()
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

    /// Overwrites the values of a parameter or a buffer.
    pub fn set(&self, name: &str, value: &Tensor) -> Result<()> {
        let var = self.get(name).or_else(|| lock(&self.buffers).get(name).cloned());
        let var = var.ok_or_else(|| Error::NoParameter { name: name.to_owned() })?;
        if var.dims() != value.dims() {
            return Err(shape(name, format!("{:?}", var.dims()), format!("{:?}", value.dims())));
        }
        let value = value.detach().to_device(&self.device)?.to_dtype(var.dtype())?.contiguous()?;
        Ok(var.set(&value)?)
    }

    /// Writes all parameters and buffers as safetensors, atomically (a temporary neighbour, then a rename).
    pub fn save(&self, path: &Path) -> Result<()> {
        let tensors: HashMap<String, Tensor> =
            self.everything().into_iter().map(|(name, var)| (name, var.as_tensor().detach())).collect();
        save(&tensors, path)
    }

    /// Reads values for exactly the parameters and buffers that exist; the error names every difference.
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
        let known = self.everything();
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
        Var::from_vec(values, shape.clone(), &self.device)
    }
}

fn lock(map: &Mutex<Map>) -> MutexGuard<'_, Map> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The buffer of that name, created with one value everywhere if it is new. Whoever asks may overwrite it as it goes.
///
/// In a builder that is not of [`Params`] the name must exist already; changes then stay with whoever asked.
pub fn buffer(vb: &VarBuilder, shape: impl Into<Shape>, name: &str, value: f64) -> Result<Var> {
    let marked = format!("{BUFFER}{name}");
    let name = if vb.contains_tensor(name) { name } else { &marked };
    Ok(Var::from_tensor(&vb.get_with_hints(shape.into(), name, Init::Const(value))?)?)
}

/// The plain name, if this one asks for a buffer.
fn unmarked(name: &str) -> Option<String> {
    let (path, last) = name.rsplit_once('.').map_or(("", name), |(path, last)| (path, last));
    let last = last.strip_prefix(BUFFER)?;
    Some(if path.is_empty() { last.to_owned() } else { format!("{path}.{last}") })
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

impl SimpleBackend for Params {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        init: Init,
        dtype: DType,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        let buffer = unmarked(name);
        let (name, mut map) = match &buffer {
            Some(name) => (name.as_str(), lock(&self.buffers)),
            None => (name, self.lock()),
        };
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
    fn buffers_are_saved_and_opened_but_are_no_parameters() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model.safetensors");
        let params = two(1, ["x", "y"]);
        let seen = buffer(&params.vb().pp("norm"), 3, "seen", 1.0).unwrap();
        seen.set(&Tensor::new(&[1f32, 2.0, 3.0], &Device::Cpu).unwrap()).unwrap();
        assert_eq!((params.len(), params.elements(), params.get("norm.seen").is_none()), (2, 4000, true));
        let names: Vec<String> = params.buffers().map(|(name, _)| name).collect();
        assert_eq!(names, ["norm.seen"]);
        params.save(&path).unwrap();
        let other = two(2, ["x", "y"]);
        let text = other.load(&path).unwrap_err().to_string();
        assert!(text.ends_with("parameters do not fit the model: unexpected norm.seen"), "{text}");
        let opened = buffer(&other.vb().pp("norm"), 3, "seen", 0.0).unwrap();
        assert_eq!(opened.to_vec1::<f32>().unwrap(), [0.0; 3]);
        other.load(&path).unwrap();
        assert_eq!(opened.to_vec1::<f32>().unwrap(), [1.0, 2.0, 3.0]);
        let again = buffer(&other.vb().pp("norm"), 3, "seen", 0.0).unwrap();
        assert_eq!(again.id(), opened.id());
        let text = buffer(&other.vb().pp("norm"), 4, "seen", 0.0).unwrap_err().to_string();
        assert!(text.contains("norm.seen: asked for [4], it is [3]"), "{text}");
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
