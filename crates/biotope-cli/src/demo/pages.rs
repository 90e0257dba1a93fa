//! Articles as the pages of a newspaper: navigation, advertisements, teasers, footers around the text.

use std::fmt::Write as _;

use super::article::Article;

/// Escapes text for HTML and XML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The page of an article; `others` are teased beside it. Three layouts alternate by `number`.
pub fn article_page(article: &Article, number: usize, sections: &[String], others: &[&Article]) -> String {
    let title = escape(&article.title);
    let head = format!(
        "<!DOCTYPE html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>{title} | The Daily Biotope</title>\
         <meta property=\"og:type\" content=\"article\"><meta property=\"og:title\" content=\"{title}\">\
         <meta property=\"article:section\" content=\"{label}\"><meta property=\"article:published_time\" content=\"{day}\">\
         <style>body{{font:16px/1.5 serif}}</style></head>",
        lang = article.language,
        label = escape(&article.label),
        day = article.published,
    );
    let layout = [classic, wide, nested][number % 3];
    format!("{head}<body>{}</body></html>\n", layout(article, &navigation(sections), &teasers(others)))
}

fn navigation(sections: &[String]) -> String {
    let link = |name: &String| format!("<li><a href=\"/section/{0}/\">{0}</a></li>", escape(name));
    let links: String = sections.iter().map(link).collect();
    format!(
        "<nav class=\"main-nav\"><ul><li><a href=\"/\">Front page</a></li>{links}<li><a href=\"/private/login\">Log in</a></li></ul></nav>"
    )
}

fn teasers(others: &[&Article]) -> String {
    let tease = |a: &&Article| format!("<li><a href=\"/{}\">{}</a></li>", a.slug, escape(&a.title));
    others.iter().map(tease).collect()
}

fn body(article: &Article) -> String {
    let notice = article.reprint_of.as_ref().map(|_| format!("<p>{}</p>", notice(article.language)));
    let paragraphs = article.paragraphs.iter().map(|p| format!("<p>{}</p>\n", escape(p)));
    notice.unwrap_or_default() + &paragraphs.collect::<String>()
}

/// What stands above a reprint.
pub fn notice(language: &str) -> &'static str {
    if language == "zh" { "本文为转载。" } else { "This article is reprinted." }
}

const ADVERTISEMENT: &str = "<div class=\"ad banner\"><a href=\"/ads/1\">Advertisement: subscribe today and save half of the price</a></div>";
const FOOTER: &str = "<footer class=\"site-footer\"><p>© 1987 The Daily Biotope. All rights reserved. Imprint · Privacy · Terms of use</p></footer>";

fn classic(article: &Article, navigation: &str, teasers: &str) -> String {
    let (title, text, day) = (escape(&article.title), body(article), &article.published);
    format!(
        "<header><h2>The Daily Biotope</h2>{navigation}</header>{ADVERTISEMENT}<main><article><h1>{title}</h1>\
         <div class=\"meta\"><time datetime=\"{day}\">{day}</time></div>{text}</article></main>\
         <aside class=\"related sidebar\"><h3>Read also</h3><ul>{teasers}</ul></aside>{FOOTER}"
    )
}

fn wide(article: &Article, navigation: &str, teasers: &str) -> String {
    let (title, text) = (escape(&article.title), body(article));
    let middle = text.find("</p>").map_or(text.len(), |at| at + 4);
    let (first, rest) = text.split_at(middle);
    format!(
        "{navigation}<div id=\"content\"><h1 class=\"headline\">{title}</h1><div class=\"article-body\">{first}{ADVERTISEMENT}{rest}</div>\
         <div class=\"share-buttons\"><a href=\"#\">Share</a> <a href=\"#\">Print</a></div></div>\
         <div class=\"newsletter\"><p>Get our newsletter every morning. No spam, unsubscribe at any time.</p></div>\
         <div class=\"most-read\"><h4>Most read</h4><ol>{teasers}</ol></div>{FOOTER}"
    )
}

fn nested(article: &Article, navigation: &str, teasers: &str) -> String {
    let (title, text) = (escape(&article.title), body(article));
    format!(
        "<div class=\"cookie-notice\"><p>We use cookies to keep this site running. <button>Accept</button></p></div>\
         <div class=\"wrap\"><div class=\"col-left\">{navigation}<ul class=\"links\">{teasers}</ul></div>\
         <div class=\"col-main\"><div class=\"story\"><h1>{title}</h1><section class=\"story-text\">{text}</section></div>\
         <div class=\"comments\" id=\"comments\"><h3>Comments</h3><p>Comments are closed.</p></div></div></div>{FOOTER}"
    )
}

/// A section's feed (RSS 2.0) with every article of it, in order of print.
pub fn feed(base: &str, section: &str, articles: &[&Article]) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>The Daily Biotope: {0}</title>\
         <link>{base}/section/{0}/</link><description>{0}</description>\n",
        escape(section)
    );
    for article in articles {
        let _ = writeln!(
            xml,
            "<item><title>{}</title><link>{base}/{slug}</link><guid>{base}/{slug}</guid><category>{}</category><pubDate>{}</pubDate></item>",
            escape(&article.title),
            escape(&article.label),
            rfc2822(&article.published),
            slug = article.slug,
        );
    }
    xml + "</channel></rss>\n"
}

/// `1987-04-08` as a feed writes it; an unreadable date is left out.
fn rfc2822(day: &str) -> String {
    let day: Result<jiff::civil::Date, _> = day.parse();
    day.map(|day| day.strftime("%a, %d %b %Y 00:00:00 +0000").to_string()).unwrap_or_default()
}

/// The front page: links to sections and feeds.
pub fn front_page(sections: &[String]) -> String {
    let link = |name: &String| {
        format!("<link rel=\"alternate\" type=\"application/rss+xml\" href=\"/feeds/{}.xml\">", escape(name))
    };
    let feeds = sections.iter().map(link).collect::<Vec<_>>().concat();
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>The Daily Biotope</title>{feeds}</head><body>{}</body></html>",
        navigation(sections)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article() -> Article {
        Article {
            slug: "grain/1.html".into(),
            label: "grain".into(),
            title: "Wheat <rises> & falls".into(),
            paragraphs: vec!["One.".into(), "Two.".into()],
            published: "1987-04-08".into(),
            language: "en",
            ..Article::default()
        }
    }

    #[test]
    fn every_layout_holds_the_text_once_and_escaped() {
        let article = article();
        for number in 0..3 {
            let page = article_page(&article, number, &["grain".into()], &[&article]);
            assert_eq!(page.matches("<p>One.</p>").count(), 1);
            assert!(page.contains("Wheat &lt;rises&gt; &amp; falls") && !page.contains("<rises>"));
        }
    }

    #[test]
    fn a_feed_says_section_and_day() {
        let article = article();
        let xml = feed("http://localhost:1", "grain", &[&article]);
        assert!(
            xml.contains("<category>grain</category><pubDate>Wed, 08 Apr 1987 00:00:00 +0000</pubDate>"),
            "{xml}"
        );
    }
}
