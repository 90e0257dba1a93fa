//! Text into markup, safely.

/// Escapes text for element content and for quoted attributes. Characters that HTML and SVG forbid
/// (controls but tab and line ends) become U+FFFD.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_opens_markup_survives() {
        let text = "<script>alert(\"x\")</script> ' onload='y' & 经济\0\u{1b}";
        assert_eq!(
            escape(text),
            "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &#39; onload=&#39;y&#39; &amp; 经济\u{fffd}\u{fffd}"
        );
    }
}
