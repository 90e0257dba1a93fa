//! `biotope mask`: personal data of a text, found and masked.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};

use anyhow::{Context, Result, bail};
use biotope::data::personal::{
    Cipher, DetectorConfig, KeySource, Masked, Masker, MaskerConfig, character_places, kinds_of, recognizers,
};
use biotope_core::{Component, Invalid};
use serde_json::{Value, json};

use crate::args::{Args, MaskArgs};
use crate::output;

/// Largest text, in bytes; with `--lines`, largest line.
const LIMIT: u64 = 64 << 20;
/// Bytes of lines that are masked at a time, on all threads.
const BLOCK: usize = 4 << 20;

/// Masks a text, or many.
pub(crate) fn mask(args: &Args, mask: &MaskArgs) -> Result<bool> {
    let (name, input): (String, Box<dyn Read>) = match &mask.file {
        Some(path) => {
            let name = path.display().to_string();
            let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
            (name, Box::new(file))
        }
        None => ("stdin".into(), Box::new(std::io::stdin())),
    };
    if mask.decrypt {
        return decrypt(args, mask, input, &name);
    }
    let masker = Masker::new(&config(mask)?).map_err(biotope::Error::from)?;
    if mask.lines {
        return lines(args, &masker, BufReader::new(input), &name);
    }
    let text = whole(input, &name)?;
    let masked = masker.mask(&text);
    if args.json {
        output::json(&to_json(&text, &masked))?;
    } else {
        write(&masked.text)?;
    }
    Ok(true)
}

/// What the arguments ask for.
fn config(mask: &MaskArgs) -> Result<MaskerConfig> {
    let types = match &mask.language {
        Some(language) => {
            let kinds = kinds_of(language);
            let invalid = || Invalid::new("language", "must be en or zh", format!("{language:?}"));
            kinds.ok_or_else(invalid)?.into_iter().map(str::to_owned).collect()
        }
        None if mask.types.is_empty() => vec!["*".to_owned()],
        None => mask.types.clone(),
    };
    let all = |score: f32| recognizers().entries().iter().map(|e| (e.build.kind.to_owned(), score)).collect();
    let thresholds = mask.threshold.map(all).unwrap_or_default();
    let operator = Component::new(&mask.operator);
    let operator = match mask.keep_last {
        Some(keep) => operator.with("keep_last", i64::from(keep)),
        None => operator,
    };
    let detector = DetectorConfig { types, thresholds, ..DetectorConfig::default() };
    Ok(MaskerConfig { operator, key: key(mask), detector, ..MaskerConfig::default() })
}

fn key(mask: &MaskArgs) -> KeySource {
    KeySource { env: mask.key_env.clone(), file: mask.key_file.clone() }
}

fn decrypt(args: &Args, mask: &MaskArgs, input: impl Read, name: &str) -> Result<bool> {
    let Some(key) = key(mask).read().map_err(biotope::Error::from)? else {
        bail!("--decrypt needs the key: give --key-env NAME or --key-file PATH")
    };
    let text = Cipher::new(&key).decrypt(&whole(input, name)?).map_err(biotope::Error::from)?;
    if args.json {
        output::json(&json!({ "text": text }))?;
    } else {
        write(&text)?;
    }
    Ok(true)
}

fn whole(input: impl Read, name: &str) -> Result<String> {
    let mut bytes = Vec::new();
    input.take(LIMIT + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
    if bytes.len() as u64 > LIMIT {
        bail!("{name} is larger than {} MiB; give it by lines with --lines", LIMIT >> 20)
    }
    String::from_utf8(bytes).with_context(|| format!("{name} is not UTF-8"))
}

/// Masks line by line, a block at a time: memory does not grow with the input.
fn lines(args: &Args, masker: &Masker, mut input: impl BufRead, name: &str) -> Result<bool> {
    let mut number = 0;
    loop {
        let block = block(&mut input, &mut number, name)?;
        let mut text = String::new();
        for (line, masked) in block.iter().zip(masker.mask_all(&block)) {
            if args.json {
                text.push_str(&to_json(line, &masked).to_string());
            } else {
                text.push_str(&masked.text);
            }
            text.push('\n');
        }
        if block.is_empty() || !write(&text)? {
            return Ok(true);
        }
    }
}

/// The next lines, without their ends; none at the end of the input. `number` counts them.
fn block(input: &mut impl BufRead, number: &mut u64, name: &str) -> Result<Vec<String>> {
    let (mut block, mut size) = (Vec::new(), 0);
    while size < BLOCK {
        let (place, mut line) = (format!("line {} of {name}", *number + 1), Vec::new());
        let read = input.by_ref().take(LIMIT + 1).read_until(b'\n', &mut line);
        if read.with_context(|| format!("cannot read {place}"))? == 0 {
            break;
        }
        if line.len() as u64 > LIMIT {
            bail!("{place} is larger than {} MiB", LIMIT >> 20)
        }
        (size, *number) = (size + line.len(), *number + 1);
        let line = String::from_utf8(line).with_context(|| format!("{place} is not UTF-8"))?;
        block.push(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    Ok(block)
}

fn to_json(text: &str, masked: &Masked) -> Value {
    let places = character_places(text, &masked.spans);
    let span = |(span, (start, end)): (&biotope::data::personal::Span, (usize, usize))| {
        json!({
            "type": span.kind,
            "start": start,
            "end": end,
            "start_byte": span.start,
            "end_byte": span.end,
            "score": (f64::from(span.score) * 100.0).round() / 100.0,
            "why": span.why.to_string(),
            "recognizer": span.why.recognizer,
            "pattern": span.why.pattern,
            "validation": span.why.validation,
            "word": span.why.word,
            "against": span.why.against,
        })
    };
    let spans: Vec<Value> = masked.spans.iter().zip(places).map(span).collect();
    json!({ "text": masked.text, "spans": spans })
}

/// Writes to stdout as it is; false if nobody reads any more, which is no error: the reader has seen enough.
fn write(text: &str) -> Result<bool> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        written => written.map(|()| true).context("cannot write to stdout"),
    }
}
