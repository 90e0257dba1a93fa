//! Name and password inside a web address.

use super::super::recognizer::{Candidate, Find, Recognizer, View};

/// The recogniser.
pub(crate) const URL_CREDENTIALS: Recognizer = Recognizer {
    name: "url-credentials",
    kind: "URL_CREDENTIALS",
    summary: "Name and password in a web address (the part before the @)",
    source: "RFC 3986, section 3.2.1",
    words: &[],
    find: Find::Scan(scan),
};

fn scan(view: &View<'_>, found: &mut Vec<Candidate>) {
    for (start, end) in &view.page.links {
        let link = &view.text()[*start..*end];
        let Some(host) = link.find("://").map(|at| at + 3) else { continue };
        let authority = &link[host..host + link[host..].find(['/', '?', '#']).unwrap_or(link.len() - host)];
        let Some(at) = authority.rfind('@') else { continue };
        if authority[..at].find(':').is_some_and(|colon| colon + 1 < at) {
            found.push(Candidate::new(start + host, start + host + at, "name:password@", 0.95).alone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn only_the_credentials_are_taken() {
        finds(
            "URL_CREDENTIALS",
            &["ftp://^ann:s3cret^@files.example/x", "连接postgres://^root:p@ss^@db.example:5432/n。"],
        );
        ignores(
            "URL_CREDENTIALS",
            &["https://a.example/@ann:b", "https://ann@a.example", "https://a.example:80/"],
        );
    }
}
