//! Bundles that are not as they were saved, and how each error looks.

use std::fs;
use std::path::Path;

use biotope_bundle::{Bundle, Error};

use crate::support::Made;

fn saved() -> (Made, std::path::PathBuf) {
    let made = Made::linear();
    made.save("1").unwrap();
    let dir = made.folder("1");
    (made, dir)
}

fn error(dir: &Path) -> Error {
    Bundle::open(dir).map(|_| ()).unwrap_err()
}

#[test]
fn one_bit_is_found_and_told_with_both_digests() {
    let (_made, dir) = saved();
    let path = dir.join("model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = error(&dir);
    let Error::Corrupted { file, expected, got } = &error else { panic!("{error}") };
    assert_eq!((file, expected.len(), got.len()), (&path, 64, 64));
    assert_eq!(
        error.to_string(),
        format!("corrupted bundle: {} has sha256 {got}, expected {expected}", path.display())
    );
    assert!(error.hint().unwrap().starts_with("copy the bundle again"));
}

#[test]
fn a_file_that_grew_or_shrank_is_told_by_its_size() {
    let (_made, dir) = saved();
    let path = dir.join("steps.toml");
    let was = fs::metadata(&path).unwrap().len();
    fs::write(&path, "x".repeat(9)).unwrap();
    let expected = format!("corrupted bundle: {} has 9 bytes, expected {was}", path.display());
    assert_eq!(error(&dir).to_string(), expected);
}

#[test]
fn a_file_that_is_gone_is_named() {
    let (_made, dir) = saved();
    fs::remove_file(dir.join("labels.json")).unwrap();
    let expected = format!("incomplete bundle: {} is missing", dir.join("labels.json").display());
    assert_eq!(error(&dir).to_string(), expected);
}

#[test]
fn a_format_of_tomorrow_and_a_folder_of_something_else() {
    let (made, dir) = saved();
    let path = dir.join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
    let told = error(&dir);
    assert_eq!(told.to_string(), format!("{} has bundle format 2, this version reads 1", dir.display()));
    assert_eq!(told.hint().unwrap(), "it was made by a newer version: update biotope");
    let empty = made.store.path();
    assert_eq!(
        error(empty).to_string(),
        format!("{} is no bundle: it has no manifest.json", empty.display())
    );
}

#[test]
fn a_manifest_that_is_large_broken_or_points_outside() {
    let (_made, dir) = saved();
    let path = dir.join("manifest.json");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, " ".repeat(2 << 20)).unwrap();
    assert!(error(&dir).to_string().ends_with("manifest.json cannot be read: it is larger than 1024 KiB"));
    fs::write(&path, "{").unwrap();
    assert!(error(&dir).to_string().contains("manifest.json cannot be read: EOF while parsing"));
    fs::write(&path, good.replace("\"labels.json\"", "\"../../labels.json\"")).unwrap();
    assert!(error(&dir).to_string().ends_with("\"../../labels.json\" is no plain file name"));
}

#[test]
fn a_version_is_never_overwritten() {
    let (made, dir) = saved();
    let error = made.save("1").unwrap_err();
    assert_eq!(error.to_string(), format!("bundle {} is there already", dir.display()));
    Bundle::open(&dir).unwrap();
}

#[test]
fn a_place_that_cannot_be_written_is_told_and_keeps_nothing() {
    let made = Made::linear();
    let file = made.store.path().join("file");
    fs::write(&file, "").unwrap();
    let error = made.save_in(&file.join("news/1"), "1").unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    assert!(error.to_string().starts_with("cannot make folder "), "{error}");
}

#[test]
fn an_unknown_model_is_told_before_anything_is_written() {
    let mut made = Made::linear();
    made.component.name = "ngram-liner".into();
    let error = made.save("1").unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("did you mean \"ngram-linear\"?"));
    assert!(!made.folder("1").exists());
    let home = made.folder("1");
    let left = fs::read_dir(home.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), [".in-use"], "no draft is left");
}
