//! Servers that mean no good: each gives an error or a part, in bounded time and space, and the crawl goes on.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use biotope_data::sources::web::{Web, WebConfig};
use biotope_data::{Error, Source};

#[path = "support/site.rs"]
mod site;
use site::Site;

fn config(start: Vec<String>) -> WebConfig {
    WebConfig {
        start,
        delay_ms: 0,
        backoff_ms: 5,
        retries: 1,
        per_host: 4,
        allow_private: true,
        max_body_bytes: 200_000,
        max_list_bytes: 1_000_000,
        timeout_seconds: 1,
        ..WebConfig::default()
    }
}

/// How many documents came, and why others did not.
fn fetch(config: WebConfig) -> (usize, Vec<String>) {
    let web = Web::new(config).unwrap();
    let (mut good, mut bad) = (0, Vec::new());
    for doc in web.documents().unwrap() {
        match doc {
            Ok(_) => good += 1,
            Err(Error::Bad { why, .. }) => bad.push(why),
            Err(other) => panic!("{other}"),
        }
    }
    (good, bad)
}

fn page() -> Response {
    (
        [(header::CONTENT_TYPE, "text/html")],
        "<article><p>小麦期货周一上涨，交易员说海外需求强劲。</p></article>",
    )
        .into_response()
}

fn gzip(megabytes: usize) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..megabytes {
        gzip.write_all(&vec![b'x'; 1 << 20]).unwrap();
    }
    gzip.finish().unwrap()
}

#[test]
fn bombs_loops_and_lies() {
    let bomb = gzip(64);
    let site = Site::open(move |request, _| {
        let path = request.uri().path();
        let number = |text: &str| text.parse::<u64>().unwrap_or(0);
        match path {
            "/robots.txt" => "user-agent: *\ndisallow: /private\n".into_response(),
            "/bomb.html" => {
                ([(header::CONTENT_TYPE, "text/html"), (header::CONTENT_ENCODING, "gzip")], bomb.clone())
                    .into_response()
            }
            "/bomb.xml.gz" => ([(header::CONTENT_TYPE, "application/gzip")], bomb.clone()).into_response(),
            "/endless.xml" => {
                let items = "<item><title>a</title></item>".repeat(100_000);
                ([(header::CONTENT_TYPE, "text/xml")], format!("<rss><channel>{items}")).into_response()
            }
            "/a.xml" => "<sitemapindex><sitemap><loc>/b.xml</loc></sitemap></sitemapindex>".into_response(),
            "/b.xml" => "<sitemapindex><sitemap><loc>/a.xml</loc></sitemap></sitemapindex>".into_response(),
            "/file" => Redirect::permanent("file:///etc/passwd").into_response(),
            "/lie.html" => {
                ([(header::CONTENT_TYPE, "text/html; charset=utf-16")], b"<p>\xff\xfe\xd8\x00".to_vec())
                    .into_response()
            }
            "/void" => StatusCode::FOUND.into_response(),
            _ if path.starts_with("/deep/") => {
                let next = number(&path[6..]) + 1;
                format!("<sitemapindex><sitemap><loc>/deep/{next}</loc></sitemap></sitemapindex>")
                    .into_response()
            }
            _ if path.starts_with("/on/") => {
                Redirect::temporary(&format!("/on/{}", number(&path[4..]) + 1)).into_response()
            }
            _ => page(),
        }
    });
    let ask =
        |paths: &[&str]| fetch(config(paths.iter().map(|path| format!("{}{path}", site.base)).collect()));
    assert_eq!(ask(&["/bomb.html"]).1, ["larger than 1000000 bytes"]);
    assert_eq!(ask(&["/bomb.xml.gz"]).1, ["larger than 1000000 bytes when unpacked"]);
    assert_eq!(ask(&["/endless.xml"]).1, ["larger than 1000000 bytes"]);
    assert_eq!(ask(&["/a.xml", "/good.html"]), (1, vec![]), "a loop of sitemaps is no end of the crawl");
    assert_eq!(ask(&["/deep/0"]).1, ["sitemaps lead to sitemaps without end"]);
    assert_eq!(ask(&["/on/0"]).1, ["more than 5 redirects"]);
    assert_eq!(ask(&["/void"]).1, ["status 302 without an address"]);
    assert_eq!(ask(&["/file"]).1, ["scheme \"file\" is not fetched"]);
    assert_eq!(ask(&["/lie.html"]), (1, vec![]));
    let asked = site.log.lock().unwrap().iter().filter(|(path, _)| path.starts_with("/on/")).count();
    assert_eq!(asked, 6, "the start and five redirects");
}

#[test]
fn no_start_address_leads_inside() {
    let site = Site::open(|_, _| page());
    let inside =
        ["http://127.0.0.1:1/", "http://[::ffff:10.0.0.1]/", "http://localhost:1/", "http://0.0.0.0/"];
    let start = inside.iter().map(|url| (*url).to_owned()).chain([site.base.clone()]).collect();
    let (good, bad) = fetch(WebConfig { allow_private: false, ..config(start) });
    assert_eq!((good, bad.len()), (0, 5));
    assert!(bad.iter().all(|why| why == "private address, set allow_private = true to fetch it"), "{bad:?}");
    assert_eq!(site.asked("/"), 0, "nobody knocked");
}

/// A server that speaks bytes, a thread per connection.
fn raw(speak: impl Fn(&str, &mut TcpStream) -> std::io::Result<()> + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, speak) = (stream.unwrap(), speak.clone());
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                let read = stream.read(&mut request).unwrap_or(0);
                let text = String::from_utf8_lossy(&request[..read]).into_owned();
                let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
                // The client hangs up in the middle: that is what is tested.
                let _ = speak(&path, &mut stream);
            });
        }
    });
    base
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n";

#[test]
fn drops_floods_and_endless_robots_txt() {
    let base = raw(|path, stream| match path {
        "/robots.txt" => {
            stream.write_all(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuser-agent: *\ndisallow: /private\n",
            )?;
            // A hundred megabytes, if anybody listened that long.
            (0..100).try_for_each(|_| stream.write_all(&b"disallow: /x\n".repeat(80_660)))
        }
        "/drops" => {
            stream.write_all(OK)?;
            for _ in 0..600 {
                stream.write_all(b"<p>")?;
                std::thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        }
        "/flood" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            (0..1_000_000).try_for_each(|n| write!(stream, "X-{n}: {}\r\n", "y".repeat(100)))
        }
        "/cut" => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n<p>half"),
        "/noise" => stream.write_all(b"\x00\xff\xfe this is no HTTP\r\n\r\n"),
        _ => {
            stream.write_all(OK)?;
            stream.write_all("<article><p>小麦期货周一上涨，交易员说海外需求强劲。</p></article>".as_bytes())
        }
    });
    let paths = ["/drops", "/flood", "/cut", "/noise", "/private/1", "/good"];
    let start = paths.map(|path| format!("{base}{path}")).to_vec();
    let begun = Instant::now();
    let (good, bad) = fetch(config(start));
    assert_eq!((good, bad.len()), (1, 5), "{bad:?}");
    assert_eq!(bad[0], "the answer takes too long");
    assert_eq!(bad[4], "disallowed by robots.txt");
    assert!(bad[1..4].iter().all(|why| !why.is_empty()), "{bad:?}");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}
