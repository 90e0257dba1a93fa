//! A page from bytes: unpacked if they are gzip, then decoded.

use std::io::{Error, Read, Result};

use flate2::read::MultiGzDecoder;

use crate::source::charset::decode;

/// Largest page that is read, in bytes, unpacked.
const BYTES: u64 = 64 << 20;

/// The text of a page, whether its bytes are gzip or not, in whatever encoding it says or seems to be.
///
/// # Errors
/// Broken gzip, and pages of more than 64 MiB.
pub fn page(bytes: impl Read) -> Result<String> {
    let mut plain = Vec::new();
    bytes.take(BYTES + 1).read_to_end(&mut plain)?;
    if plain.starts_with(&[0x1f, 0x8b]) {
        let packed = std::mem::take(&mut plain);
        MultiGzDecoder::new(packed.as_slice()).take(BYTES + 1).read_to_end(&mut plain)?;
    }
    if plain.len() as u64 > BYTES {
        return Err(Error::other(format!("larger than {} MiB", BYTES >> 20)));
    }
    Ok(decode(&plain, None).0)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn gzip_and_encodings_are_seen_through() {
        let html = "<meta charset=gbk><p>小麦上涨，此前交易员报告海外需求强劲。";
        let gbk = encoding_rs::GBK.encode(html).0.into_owned();
        assert_eq!(page(gbk.as_slice()).unwrap(), html);
        assert_eq!(page(packed(&gbk).as_slice()).unwrap(), html);
        assert_eq!(page(&b""[..]).unwrap(), "");
    }

    #[test]
    fn bombs_and_broken_gzip_are_errors() {
        let bomb = packed(&vec![b' '; (BYTES + 2) as usize]);
        assert_eq!(page(bomb.as_slice()).unwrap_err().to_string(), "larger than 64 MiB");
        assert!(page(&packed(b"<p>cut off in the middle of it all")[..12]).is_err());
    }
}
