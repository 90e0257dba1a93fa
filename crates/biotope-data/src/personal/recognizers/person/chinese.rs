//! Chinese names beside titles.

use super::super::super::recognizer::Candidate;

/// The surnames of nine in ten persons; all stand in the national name statistics of the Ministry of Public Security.
const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金\
    韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文";
const COMPOUND: [&str; 10] = ["欧阳", "司马", "上官", "诸葛", "皇甫", "司徒", "东方", "令狐", "慕容", "夏侯"];
/// Characters that open the rest of a sentence rather than end a name.
const REST: &str = "说报道称表示在从向对和与是的为了也就将从采访及等，不有到于把给到";

/// The name that a title stands beside.
pub(super) fn beside(text: &str, start: usize, end: usize, word: &str) -> Option<Candidate> {
    let behind = matches!(word, "记者" | "通讯员" | "我叫" | "名叫" | "姓名" | "联系人" | "署名" | "编辑");
    if behind {
        let rest = &text[end..];
        let gap = rest.len() - rest.trim_start_matches(['：', ':', ' ']).len();
        let length = forward(&rest[gap..])?;
        return Some(Candidate::new(end + gap, end + gap + length, "name behind a title", 0.65).alone());
    }
    let length = backward(&text[..start])?;
    Some(Candidate::new(start - length, start, "name before a title", 0.65).alone())
}

fn surname(text: &str) -> Option<usize> {
    if COMPOUND.iter().any(|name| text.starts_with(name)) {
        return Some(6);
    }
    text.chars().next().filter(|c| SURNAMES.contains(*c)).map(char::len_utf8)
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// Length of the name that begins here: a surname and one or two characters.
fn forward(text: &str) -> Option<usize> {
    let first = surname(text)?;
    let given = text[first..].chars().take(2).take_while(|c| is_han(*c) && !REST.contains(*c));
    let length: usize = given.map(char::len_utf8).sum();
    (length > 0).then_some(first + length)
}

/// Length of the name that ends here: the longest of up to four characters that begins with a surname and whose
/// surroundings allow it; a surname alone counts, too.
fn backward(text: &str) -> Option<usize> {
    let back: Vec<(usize, char)> =
        text.char_indices().rev().take(4).take_while(|(_, c)| is_han(*c) && !REST.contains(*c)).collect();
    let fits = |count: usize| {
        let from = back.get(count - 1)?.0;
        let head = surname(&text[from..])?;
        let given = text[from + head..].chars().count();
        (given <= 2 && count == given + head / 3).then(|| text.len() - from)
    };
    let compound = [4, 3].into_iter().filter(|count| {
        back.get(*count - 1).is_some_and(|(at, _)| COMPOUND.iter().any(|c| text[*at..].starts_with(c)))
    });
    compound.chain([3, 2, 1]).find_map(fits)
}
