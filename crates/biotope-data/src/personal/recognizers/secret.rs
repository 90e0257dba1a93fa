//! Keys and tokens of services, private keys, and values that stand behind `api_key=`.

use super::super::page::Page;
use super::super::recognizer::{Candidate, Find, Recognizer, View};

/// The recogniser.
pub(crate) const SECRET: Recognizer = Recognizer {
    name: "secret",
    kind: "SECRET",
    summary: "Keys and tokens: AWS, GitHub, GitLab, Slack, Stripe, Google, npm, JWT, PEM private keys, api_key=…",
    source: "the services' token formats; RFC 7519, RFC 7468; entropy of Shannon, 1948",
    words: &[
        "api key",
        "api_key",
        "apikey",
        "api-key",
        "secret",
        "secret key",
        "secret_key",
        "secret_access_key",
        "access key",
        "access_key",
        "token",
        "access_token",
        "auth_token",
        "password",
        "passwd",
        "pwd",
        "client_secret",
        "private_key",
        "bearer",
        "密码",
        "口令",
        "密钥",
        "令牌",
    ],
    find: Find::Scan(scan),
};

/// Beginning of a token, and how many characters follow: (beginning, fewest, most).
const TOKENS: [(&str, usize, usize); 18] = [
    ("AKIA", 16, 16),
    ("ASIA", 16, 16),
    ("ghp_", 36, 255),
    ("gho_", 36, 255),
    ("ghu_", 36, 255),
    ("ghs_", 36, 255),
    ("ghr_", 36, 255),
    ("github_pat_", 60, 255),
    ("glpat-", 20, 64),
    ("xoxb-", 20, 255),
    ("xoxp-", 20, 255),
    ("xoxa-", 20, 255),
    ("xoxs-", 20, 255),
    ("sk_live_", 16, 255),
    ("rk_live_", 16, 255),
    ("sk_test_", 16, 255),
    ("AIza", 35, 35),
    ("npm_", 36, 36),
];
/// Bits per character that chance has and words have not.
const ENTROPY: f64 = 2.8;
/// Longest private key that is looked for, and longest line that begins one.
const PEM: usize = 8192;
const LINE: usize = 128;

fn scan(view: &View<'_>, found: &mut Vec<Candidate>) {
    let page = view.page;
    let mut done = 0;
    for token in &page.tokens {
        if token.start >= done {
            let (start, end) = around(page, token.start);
            done = end;
            found.extend(known(page.text(), start, end));
        }
    }
    keys(page, found);
    found.extend(view.hits().filter_map(|(hit, _)| value(page, hit.end)));
}

/// The run of letters, digits, `_`, `-` and `.` around a place.
fn around(page: &Page<'_>, place: usize) -> (usize, usize) {
    let bytes = page.bytes();
    let part = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let start = place - bytes[..place].iter().rev().take(255).take_while(part).count();
    let end = place + bytes[place..].iter().take_while(part).count();
    (start, end)
}

fn known(text: &str, start: usize, end: usize) -> Option<Candidate> {
    let run = text[start..end].trim_end_matches(['.', '-', '_']);
    let new = |length: usize, name| Candidate::new(start, start + length, name, 0.9).alone();
    if run.starts_with("eyJ")
        && run.len() >= 30
        && run.split('.').count() == 3
        && run.split('.').nth(1)?.starts_with("eyJ")
    {
        return Some(new(run.len(), "JSON web token"));
    }
    let (head, least, most) = TOKENS.iter().find(|(head, ..)| run.starts_with(head))?;
    let body = run[head.len()..].split('.').next().unwrap_or_default();
    (*least..=*most).contains(&body.len()).then(|| new(head.len() + body.len(), "token of a known service"))
}

/// Private keys from their first to their last line.
fn keys(page: &Page<'_>, found: &mut Vec<Candidate>) {
    let (text, mut done) = (page.text(), 0);
    for at in memchr::memmem::find_iter(text.as_bytes(), "-----BEGIN ") {
        let line = text[at..text.floor_char_boundary(at + LINE)].lines().next().unwrap_or_default();
        if at < done || !line.contains("PRIVATE KEY-----") {
            continue;
        }
        let body = &text[at..text.floor_char_boundary(at + PEM)];
        let close =
            body.find("-----END ").map(|end| end + body[end..].find("KEY-----").map_or(9, |tail| tail + 8));
        done = at + close.unwrap_or(body.len());
        found.push(Candidate::new(at, done, "PEM private key", 0.95).alone());
    }
}

/// The value behind `password:`, `api_key = "` and the like, if it looks like chance.
fn value(page: &Page<'_>, at: usize) -> Option<Candidate> {
    let rest = &page.text()[at..];
    let sign = rest.trim_start_matches(['"', '\'', ' ']);
    let sign = sign
        .strip_prefix([':', '=', '：'])
        .or_else(|| sign.strip_prefix("是").or(sign.strip_prefix("is ")))?;
    let body = sign.trim_start_matches(['"', '\'', ' ', '=', '>']);
    let start = page.text().len() - body.len();
    let length = body
        .bytes()
        .take(256)
        .take_while(|b| b.is_ascii_graphic() && !b"\"'<>,;&`()[]{}".contains(b))
        .count();
    let body = body[..length].trim_end_matches(['.', ':', '?']);
    let mixed = body.bytes().any(|b| b.is_ascii_digit()) && body.bytes().any(|b| b.is_ascii_alphabetic());
    let good = start - at <= 6 && (8..=200).contains(&body.len()) && mixed && entropy(body) >= ENTROPY;
    good.then(|| Candidate::new(start, start + body.len(), "value behind a word for secrets", 0.3).alone())
}

/// Shannon's entropy of the bytes of a text, in bits per byte.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|b| counts[usize::from(b)] += 1);
    let share = |count: &u32| f64::from(*count) / text.len() as f64;
    -counts.iter().filter(|c| **c > 0).map(share).map(|p| p * p.log2()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    /// The pieces are joined here, so that no scanner takes this file for a leak.
    #[test]
    fn tokens_of_services_are_found() {
        let body = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
        for token in [
            format!("ghp_{body}"),
            format!("{}{}", "AKIA", "IOSFODNN7EXAMPLE"),
            format!("sk_live_{body}"),
            format!("xoxb-{body}"),
            format!("eyJhbGciOi.eyJzdWIi.{body}"),
        ] {
            finds("SECRET", &[&format!("key ^{token}^ leaked"), &format!("令牌是^{token}^。")]);
        }
        finds(
            "SECRET",
            &[&format!("^-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----^\nend")],
        );
        ignores("SECRET", &["ghp_short1", "AKIA-12", "-----BEGIN CERTIFICATE-----\nabc"]);
    }

    #[test]
    fn values_behind_words_are_found_if_they_look_like_chance() {
        finds(
            "SECRET",
            &[
                "api_key=^9f8e7d6c5b4a3210^&x=1",
                "\"password\": \"^hunter2Xy9!^\"",
                "密码：^Qw3rty77zx^。",
                "AWS_SECRET_ACCESS_KEY = ^wJalrXUtnFEMI0K7MDENG^",
            ],
        );
        ignores(
            "SECRET",
            &[
                "password: required",
                "the secret is that 20000000",
                "token: aaaaaaaa1",
                "password policy 12345678a",
            ],
        );
    }
}
