//! E-mail addresses, with names and domains in other scripts too.

use super::super::page::{Page, is_ideographic, is_word};
use super::super::recognizer::{Candidate, Find, Recognizer, View};

/// The recogniser.
pub(crate) const EMAIL_ADDRESS: Recognizer = Recognizer {
    name: "email-address",
    kind: "EMAIL_ADDRESS",
    summary: "E-mail address, also with letters of other scripts",
    source: "RFC 5321, RFC 6531, RFC 1035",
    words: &["email", "e-mail", "mail", "邮箱", "邮件", "电邮"],
    find: Find::Scan(scan),
};

/// Longest part before the `@`.
const LOCAL: usize = 64;
/// Longest domain, and longest of its parts.
const DOMAIN: (usize, usize) = (253, 63);
/// `logo@2x.png` is a picture.
const FILES: [&str; 12] =
    ["png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "pdf", "html", "json", "xml"];
/// Where a domain of Han characters ends although the sentence goes on without a space.
const ENDINGS: [&str; 10] =
    ["公司", "中国", "中國", "网络", "網絡", "网址", "在线", "中文网", "香港", "台灣"];

fn scan(view: &View<'_>, found: &mut Vec<Candidate>) {
    let page = view.page;
    for at in &page.ats {
        let Some(end) = domain(&page.text()[at + 1..]).map(|length| at + 1 + length) else { continue };
        let Some(start) = local(page, *at) else { continue };
        found.push(Candidate::new(start, end, "name@domain", 0.9).alone());
    }
}

/// Where the part before the `@` begins.
fn local(page: &Page<'_>, at: usize) -> Option<usize> {
    let text = &page.text()[..at];
    if let Some(quoted) = text.strip_suffix('"') {
        let open = quoted.rfind('"').filter(|open| at - open <= LOCAL)?;
        return quoted[open..].chars().all(|c| c != '\n').then_some(open);
    }
    let is_latin =
        |c: char| (is_word(c) && !c.is_ascii()) || c.is_ascii_alphanumeric() || ".%&'+_~-".contains(c);
    let back = |fits: &dyn Fn(char) -> bool| {
        let run: usize = text.chars().rev().take_while(|c| fits(*c)).take(LOCAL).map(char::len_utf8).sum();
        at - run
    };
    let mut start = back(&is_latin);
    if start == at {
        // A name in Han characters cannot be told from the sentence before it: all of it is taken.
        start = back(&|c| is_ideographic(c));
    }
    let run = &text[start..];
    // Of the signs that RFC 5321 allows, those that sentences and links put around addresses are not read.
    let run = run.trim_start_matches(['.', '%', '&', '\'', '~', '-']);
    (!run.is_empty() && !run.ends_with('.')).then_some(at - run.len())
}

/// How long the domain is that begins here.
fn domain(text: &str) -> Option<usize> {
    let han = text.chars().next().is_some_and(is_ideographic);
    let fits = |c: char| {
        c == '.'
            || c == '-'
            || c.is_ascii_alphanumeric()
            || (!c.is_ascii() && if han { is_ideographic(c) } else { is_word(c) })
    };
    let run: usize = text.chars().take_while(|c| fits(*c)).map(char::len_utf8).take(DOMAIN.0).sum();
    let run = text[..run.min(text.len())].trim_end_matches(['.', '-']);
    let mut length = 0;
    let mut labels = 0;
    let mut last = "";
    for label in run.split('.') {
        let good =
            !label.is_empty() && label.len() <= DOMAIN.1 && !label.starts_with('-') && !label.ends_with('-');
        if !good {
            break;
        }
        length += label.len() + usize::from(labels > 0);
        labels += 1;
        last = label;
    }
    if han && let Some(ending) = ENDINGS.iter().find(|ending| last.starts_with(**ending)) {
        length -= last.len() - ending.len();
        last = &last[..ending.len()];
    }
    (labels >= 2 && is_top(last)).then_some(length)
}

/// Whether this can be a top-level domain: letters, no file ending.
fn is_top(label: &str) -> bool {
    let letters = label.chars().count() >= 2 && label.chars().all(char::is_alphabetic);
    (letters && !FILES.contains(&label.to_ascii_lowercase().as_str())) || label.starts_with("xn--")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn addresses_of_all_scripts_are_found() {
        finds(
            "EMAIL_ADDRESS",
            &["write to ^ann.field@news.example^, please", "请联系^li_ming+tip@mail.xinwen.example.cn^。"],
        );
        finds(
            "EMAIL_ADDRESS",
            &["<^A.B-c@x-y.co.uk^>", "mailto:^a@b.co^. Then", "^jörg@müller.example^", "^o'neil@b.ie^"],
        );
        finds(
            "EMAIL_ADDRESS",
            &[
                "邮箱 ^用户@例子.公司^请查收",
                "^\"ann field\"@b.example^",
                "地址ａ：^ａ＠ｂ.ｃｏ^",
                "^a@xn--fsq.xn--55qx5d^",
            ],
        );
        finds("EMAIL_ADDRESS", &["\"^a@b.co^\"", "(^a@b.co^)", "^a@b.co^/^c@d.co^"]);
    }

    #[test]
    fn handles_and_files_are_not() {
        ignores(
            "EMAIL_ADDRESS",
            &["user@localhost @handle a@b a@.co @b.co x@y..z", "logo@2x.png pkg@1.2.3 5 apples @ 3.50"],
        );
    }
}
