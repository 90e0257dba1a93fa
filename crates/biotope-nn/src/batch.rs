//! Examples packed into tensors, without padding.

use biotope_core::{Features, RecordId, Target};
use candle_core::{Device, Tensor};

use crate::{Error, Result};

/// One record's numbers, on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The record.
    pub id: RecordId,
    /// What the featurizer made of it.
    pub features: Features,
    /// The truth, if known.
    pub target: Option<Target>,
}

/// The features of a batch.
#[derive(Clone, Debug)]
pub enum Input {
    /// Token sequences, one after the other: sequence `i` is `offsets[i]..offsets[i + 1]`.
    Tokens {
        /// Token ids, `u32 [total]`.
        tokens: Tensor,
        /// Borders, `batch + 1` numbers from 0 to `total`.
        offsets: Vec<usize>,
    },
    /// Sparse bags, one after the other.
    Bag {
        /// Row ids.
        rows: Vec<u32>,
        /// Weight of each row.
        weights: Vec<f32>,
        /// Borders, `batch + 1` numbers.
        offsets: Vec<usize>,
    },
}

impl Input {
    /// Borders of the sequences: `batch + 1` ascending numbers from 0.
    pub fn offsets(&self) -> &[usize] {
        match self {
            Self::Tokens { offsets, .. } | Self::Bag { offsets, .. } => offsets,
        }
    }

    /// Token ids and borders, or an error that says what came instead.
    pub fn tokens(&self) -> Result<(&Tensor, &[usize])> {
        match self {
            Self::Tokens { tokens, offsets } => Ok((tokens, offsets)),
            Self::Bag { .. } => Err(Error::Input { expected: "tokens", got: "bags" }),
        }
    }

    /// Rows, weights and borders, or an error that says what came instead.
    pub fn bag(&self) -> Result<(&[u32], &[f32], &[usize])> {
        match self {
            Self::Bag { rows, weights, offsets } => Ok((rows, weights, offsets)),
            Self::Tokens { .. } => Err(Error::Input { expected: "bags", got: "tokens" }),
        }
    }
}

/// The truths of a batch.
#[derive(Clone, Debug)]
pub enum Targets {
    /// Class indices, `u32 [batch]`.
    Classes(Tensor),
    /// One flag per label, `f32 [batch, labels]`, each 0 or 1; a negative flag is unknown and costs nothing.
    Labels(Tensor),
    /// Numbers, `f32 [batch]`.
    Values(Tensor),
}

impl Targets {
    /// What they are, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Classes(_) => "class indices",
            Self::Labels(_) => "label flags",
            Self::Values(_) => "values",
        }
    }

    fn collate(examples: &[&Example], device: &Device) -> Result<Option<Self>> {
        let Some(first) = &examples[0].target else {
            return match examples.iter().find(|example| example.target.is_some()) {
                Some(odd) => Err(Error::Mixed { id: odd.id, what: "target" }),
                None => Ok(None),
            };
        };
        let each = || examples.iter().map(|example| (example, example.target.as_ref()));
        let mixed = |example: &Example| Error::Mixed { id: example.id, what: "target" };
        let len = examples.len();
        Ok(Some(match first {
            Target::Class(_) => {
                let classes = each().map(|(example, target)| match target {
                    Some(Target::Class(class)) => Ok(*class as u32),
                    _ => Err(mixed(example)),
                });
                Self::Classes(Tensor::from_vec(classes.collect::<Result<Vec<_>>>()?, len, device)?)
            }
            Target::Labels(flags) => {
                let width = flags.len();
                let mut all = Vec::with_capacity(len * width);
                for (example, target) in each() {
                    match target {
                        Some(Target::Labels(flags)) if flags.len() == width => {
                            all.extend(flags.iter().map(|flag| f32::from(u8::from(*flag))));
                        }
                        _ => return Err(mixed(example)),
                    }
                }
                Self::Labels(Tensor::from_vec(all, (len, width), device)?)
            }
            Target::Value(_) => {
                let values = each().map(|(example, target)| match target {
                    Some(Target::Value(value)) => Ok(*value as f32),
                    _ => Err(mixed(example)),
                });
                Self::Values(Tensor::from_vec(values.collect::<Result<Vec<_>>>()?, len, device)?)
            }
        }))
    }
}

/// What a model sees at once.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The records, in order.
    pub ids: Vec<RecordId>,
    /// Their features.
    pub input: Input,
    /// Their truths, if known.
    pub targets: Option<Targets>,
    /// Where the tensors live.
    pub device: Device,
}

impl Batch {
    /// Packs examples of one kind, in order. Empty sequences are allowed.
    pub fn collate(examples: &[&Example], device: &Device) -> Result<Self> {
        let first = examples.first().ok_or(Error::EmptyBatch)?;
        let input = match first.features {
            Features::Tokens(_) => tokens(examples, device)?,
            Features::Bag { .. } => bags(examples)?,
        };
        let targets = Targets::collate(examples, device)?;
        let ids = examples.iter().map(|example| example.id).collect();
        Ok(Self { ids, input, targets, device: device.clone() })
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

fn tokens(examples: &[&Example], device: &Device) -> Result<Input> {
    let (mut all, mut offsets) = (Vec::new(), vec![0]);
    for example in examples {
        let Features::Tokens(tokens) = &example.features else {
            return Err(Error::Mixed { id: example.id, what: "features" });
        };
        all.extend_from_slice(tokens);
        offsets.push(all.len());
    }
    let total = all.len();
    Ok(Input::Tokens { tokens: Tensor::from_vec(all, total, device)?, offsets })
}

fn bags(examples: &[&Example]) -> Result<Input> {
    let (mut all, mut all_weights, mut offsets) = (Vec::new(), Vec::new(), vec![0]);
    for example in examples {
        match &example.features {
            Features::Bag { rows, weights } if rows.len() == weights.len() => {
                all.extend_from_slice(rows);
                all_weights.extend_from_slice(weights);
                offsets.push(all.len());
            }
            _ => return Err(Error::Mixed { id: example.id, what: "features" }),
        }
    }
    Ok(Input::Bag { rows: all, weights: all_weights, offsets })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(name: &str, features: Features, target: Option<Target>) -> Example {
        Example { id: RecordId::of(&[name.as_bytes()]), features, target }
    }

    #[test]
    fn sequences_are_packed_without_padding() {
        let a = example("a", Features::Tokens(vec![1, 2, 3]), Some(Target::Class(1)));
        let b = example("中", Features::Tokens(vec![]), Some(Target::Class(0)));
        let batch = Batch::collate(&[&a, &b], &Device::Cpu).unwrap();
        let (tokens, offsets) = batch.input.tokens().unwrap();
        assert_eq!(tokens.to_vec1::<u32>().unwrap(), [1, 2, 3]);
        assert_eq!(offsets, [0, 3, 3]);
        assert!(matches!(&batch.targets, Some(Targets::Classes(t)) if t.to_vec1::<u32>().unwrap() == [1, 0]));
    }

    #[test]
    fn mixed_kinds_are_named() {
        let a = example("a", Features::Tokens(vec![1]), None);
        let b = example("b", Features::Bag { rows: vec![1], weights: vec![1.0] }, None);
        let c = example("c", Features::Tokens(vec![1]), Some(Target::Value(1.0)));
        let error = |examples: &[&Example]| Batch::collate(examples, &Device::Cpu).unwrap_err().to_string();
        assert!(error(&[&a, &b]).ends_with("features differs in kind from the first record of the batch"));
        assert!(error(&[&a, &c]).contains("target differs"));
        assert!(error(&[&c, &a]).contains("target differs"));
        assert_eq!(error(&[]), "a batch needs at least one example");
    }
}
