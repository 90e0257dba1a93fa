//! WARC 1.0 and 1.1 (ISO 28500): the records of a web archive, one after the other, every length limited.

use std::io::{BufRead, Read};

use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};

/// Longest block of header lines, of a record or of the HTTP answer in it.
const MAX_HEADER: u64 = 64 << 10;
/// Most header lines.
const MAX_LINES: usize = 256;

/// One record: its header, and as much of its block as is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WarcRecord {
    /// Header fields, names in lower case, in their order.
    pub fields: Vec<(String, String)>,
    /// The block.
    pub block: Vec<u8>,
    /// Whether the block was longer than allowed, so that its end is missing.
    pub cut: bool,
}

/// The HTTP answer in a `response` record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Http {
    /// Status code.
    pub status: u16,
    /// `Content-Type`, lower-case.
    pub kind: String,
    /// The body, without transfer and content encoding.
    pub body: Vec<u8>,
}

impl WarcRecord {
    /// A header field.
    pub fn field(&self, name: &str) -> Option<&str> {
        find(&self.fields, name)
    }

    /// The HTTP answer, its body no longer than `limit` after decoding.
    pub fn http(&self, limit: u64) -> Result<Http, String> {
        let mut rest = self.block.as_slice();
        let first = line(&mut rest, MAX_HEADER)?.ok_or("an empty HTTP answer")?;
        let status = first.strip_prefix("HTTP/").and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let status = status.ok_or("no status line of HTTP")?;
        let fields = fields(&mut rest)?;
        let has =
            |name: &str, word: &str| find(&fields, name).is_some_and(|v| v.to_lowercase().contains(word));
        let unchunked;
        let body = if has("transfer-encoding", "chunked") && looks_chunked(rest) {
            unchunked = dechunk(rest)?;
            &unchunked
        } else {
            rest
        };
        let body = match find(&fields, "content-encoding").map(str::to_lowercase).as_deref() {
            // Many archives keep the header and store the body unpacked.
            Some("gzip" | "x-gzip") if body.starts_with(&[0x1f, 0x8b]) => read(GzDecoder::new(body), limit)?,
            Some("deflate") => {
                read(ZlibDecoder::new(body), limit).or_else(|_| read(DeflateDecoder::new(body), limit))?
            }
            Some("br" | "zstd") => return Err("its body is packed in a way that is not read".into()),
            _ => read(body, limit)?,
        };
        let kind = find(&fields, "content-type").unwrap_or_default().to_lowercase();
        Ok(Http { status, kind, body })
    }
}

/// The next record, its block no longer than `limit`; `None` at the end of the archive.
///
/// ```
/// let archive = b"WARC/1.0\r\nWARC-Type: resource\r\nContent-Length: 5\r\n\r\nhello\r\n\r\n";
/// let record = biotope_data::source::warc::next(&mut archive.as_slice(), 1 << 20).unwrap().unwrap();
/// assert_eq!((record.field("warc-type"), record.block.as_slice()), (Some("resource"), b"hello".as_slice()));
/// ```
pub fn next(reader: &mut impl BufRead, limit: u64) -> Result<Option<WarcRecord>, String> {
    let mut blank = 0;
    let version = loop {
        match line(reader, MAX_HEADER)? {
            None => return Ok(None),
            Some(text) if text.is_empty() && blank < MAX_LINES => blank += 1,
            Some(text) => break text,
        }
    };
    if !version.starts_with("WARC/") {
        return Err("no WARC record begins here".into());
    }
    let fields = fields(reader)?;
    let length: u64 = find(&fields, "content-length")
        .and_then(|length| length.parse().ok())
        .ok_or("a record without a length")?;
    let mut block = Vec::new();
    let wanted = length.min(limit);
    let got = reader.by_ref().take(wanted).read_to_end(&mut block).map_err(|error| error.to_string())?;
    if (got as u64) < wanted {
        return Err(format!("the archive ends {} bytes before its last record", length - got as u64));
    }
    let rest = std::io::copy(&mut reader.by_ref().take(length - wanted), &mut std::io::sink());
    let rest = rest.map_err(|error| error.to_string())?;
    if rest < length - wanted {
        return Err(format!("the archive ends {} bytes before its last record", length - wanted - rest));
    }
    Ok(Some(WarcRecord { fields, block, cut: length > limit }))
}

/// A line without its end; `None` at the end of the input.
fn line(reader: &mut impl BufRead, limit: u64) -> Result<Option<String>, String> {
    let mut bytes = Vec::new();
    let read =
        reader.by_ref().take(limit).read_until(b'\n', &mut bytes).map_err(|error| error.to_string())?;
    if read == 0 {
        return Ok(None);
    }
    if read as u64 == limit && bytes.last() != Some(&b'\n') {
        return Err(format!("a header line longer than {limit} bytes"));
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Header lines up to the empty one; a line that begins with a space goes on with the one before.
fn fields(reader: &mut impl BufRead) -> Result<Vec<(String, String)>, String> {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut left = MAX_HEADER;
    for _ in 0..=MAX_LINES {
        let Some(text) = line(reader, left)?.filter(|text| !text.is_empty()) else { return Ok(fields) };
        left = left.saturating_sub(text.len() as u64 + 2).max(1);
        if let (true, Some((_, value))) = (text.starts_with([' ', '\t']), fields.last_mut()) {
            value.extend([" ", text.trim()]);
        } else if let Some((name, value)) = text.split_once(':') {
            fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    Err(format!("more than {MAX_LINES} header lines"))
}

fn find<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Reads to the end, at most `limit` bytes.
fn read(reader: impl Read, limit: u64) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    reader.take(limit + 1).read_to_end(&mut body).map_err(|error| format!("broken body: {error}"))?;
    if body.len() as u64 > limit {
        return Err(format!("larger than {limit} bytes"));
    }
    Ok(body)
}

/// Whether a body begins with the size of a chunk; some archives keep the header and store the body whole.
fn looks_chunked(body: &[u8]) -> bool {
    let end = body.iter().take(32).position(|byte| *byte == b'\n');
    end.is_some_and(|end| chunk_size(&body[..end]).is_some())
}

fn chunk_size(line: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(line).ok()?;
    usize::from_str_radix(text.split(';').next()?.trim(), 16).ok()
}

/// The chunks of a body put together (RFC 9112, 7.1); a last chunk that is missing is missing.
fn dechunk(mut body: &[u8]) -> Result<Vec<u8>, String> {
    let mut whole = Vec::with_capacity(body.len());
    while let Some(end) = body.iter().position(|byte| *byte == b'\n') {
        let size = chunk_size(&body[..end]).ok_or("a broken chunk")?;
        body = &body[end + 1..];
        if size == 0 {
            break;
        }
        whole.extend_from_slice(&body[..size.min(body.len())]);
        body = body.get(size..).unwrap_or_default();
        body = body.strip_prefix(b"\r\n").or(body.strip_prefix(b"\n")).unwrap_or(body);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn record(http: &[u8]) -> WarcRecord {
        WarcRecord { block: http.to_vec(), ..WarcRecord::default() }
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn chunks_and_gzip_are_undone() {
        let packed = gzip("小麦上涨".as_bytes());
        let (first, second) = packed.split_at(7);
        let mut http = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\
            Content-Type: text/html;\r\n charset=UTF-8\r\n\r\n"
            .to_vec();
        for part in [first, second] {
            http.extend(
                format!("{:x};x=y\r\n", part.len()).bytes().chain(part.iter().copied()).chain(*b"\r\n"),
            );
        }
        http.extend(b"0\r\n\r\n");
        let answer = record(&http).http(100).unwrap();
        assert_eq!((answer.status, answer.kind.as_str()), (200, "text/html; charset=utf-8"));
        assert_eq!(answer.body, "小麦上涨".as_bytes());
        let stored = b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Encoding: gzip\n\n<p>stored unpacked</p>\n";
        assert_eq!(record(stored).http(100).unwrap().body, b"<p>stored unpacked</p>\n");
    }

    #[test]
    fn every_length_is_limited() {
        let bomb =
            [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n".as_slice(), &gzip(&vec![0; 1 << 20])]
                .concat();
        assert_eq!(record(&bomb).http(1000).unwrap_err(), "larger than 1000 bytes");
        let flood = format!("HTTP/1.1 200 OK\r\n{}", "X: y\r\n".repeat(1000));
        assert_eq!(record(flood.as_bytes()).http(1000).unwrap_err(), "more than 256 header lines");
        let long = format!("WARC/1.0\r\nX: {}", "y".repeat(100_000));
        assert_eq!(next(&mut long.as_bytes(), 10).unwrap_err(), "a header line longer than 65536 bytes");
        let huge = b"WARC/1.0\r\nContent-Length: 18446744073709551615\r\n\r\nx";
        assert_eq!(
            next(&mut huge.as_slice(), 10).unwrap_err(),
            "the archive ends 18446744073709551614 bytes before its last record"
        );
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            text in "(WARC/1.0|HTTP/1.1 200 OK|content-length|transfer-encoding|chunked|:|\r\n|[0-9a-f]|;| ){0,40}"
        ) {
            for input in [bytes.as_slice(), text.as_bytes(), format!("WARC/1.1\r\n{text}").as_bytes()] {
                let mut reader = input;
                while let Ok(Some(record)) = next(&mut reader, 50) {
                    let _ = record.http(50);
                }
                let _ = record(&[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice(), input].concat()).http(50);
            }
        }
    }
}
