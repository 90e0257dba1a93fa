//! Every architecture of the zoo keeps the laws of the house.

use biotope_models::{ZOO, check};

#[test]
fn the_whole_zoo_conforms() {
    let dir = tempfile::tempdir().unwrap();
    let broken: Vec<String> = ZOO.iter().flat_map(|entry| check::conforms(entry, dir.path())).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
