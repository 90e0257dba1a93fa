//! What names and words give away: which elements are never the article, which lines end it.

use std::sync::LazyLock;

use regex::Regex;

/// Parts of a class or an id that mark something else than the article.
static ASIDE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)
        \b(?:nav|navs|navbar|navigation|subnav|menu|menus|submenu|breadcrumbs?|crumbs?|sidebar|sidenav|rail|footer|foot|masthead
        |comments?|commentlist|disqus|respond|replies|shar(?:e|ing)|sharebar|sharethis|addthis|social|socials|sociable
        |related|relateds?|recommend(?:ed|ations?|s)?|recirc|recirculation|promos?|promoted|advert(?:s|isement|isements|ising)?|ads?|adv|adsense|sponsor(?:ed|s)?
        |newsletters?|subscribe|subscription|signup|sign-up|cookies?|consent|gdpr|popup|popups|modal|overlay|lightbox|toolbar
        |tags?|taglist|keywords|byline|bylines|author-?bio|about-?author|author-?box|caption|captions|credit|credits|copyright|disclaimer
        |most-?(?:read|popular|viewed|recent|shared)|popular|trending|latest-news|more-?(?:stories|news|from|articles|on)|read-?(?:more|next|also)|also-?read
        |teasers?|outbrain|taboola|zergnet|widgets?|pagination|pager|paging|noprint|no-print|print-?only|skip-?link|screen-reader-text|sr-only|visually-?hidden|visuallyhidden
        |login|logout|register|search|searchbox|search-form|rating|ratings|votes?|poll|toc|timestamp|dateline|pubdate|publish-?date|post-?meta|entry-?meta|article-?meta|entry-?footer|entry-?utility
        |metadata|meta|fb-root|jp-relatedposts|hidden|hide|ticker|carousel|slideshow|gallery|playlist|jwplayer|video-?js|vjs-\w+
        |xiangguan|tuijian|relate|relation|fenxiang|pinglun|page-?nav|pagelist|pages|qrcode|editor|bianji|ewm|copyrights|shengming|baoliao|hotnews|hot-?list|rank|ranking|statement|dibu|daohang|weizhi|erweima)\b",
    )
});

/// Lines that belong to the furniture of a page, as a whole.
static FURNITURE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)^\W*(?:
        (?:share|tweet|print|email|e-mail|save|like|follow|pin|comments?|reply|reblog|more|top|home|next|previous|prev|advertisements?|advertising|sponsored(?:\ content)?|loading|close|menu|search|subscribe|sign\ (?:up|in)|log\ ?in|download)
        |share\ (?:this|on|via|with)\b.{0,60}|(?:read|see|view|show|load|find|watch|learn|click)\ (?:more|all|also|next|here)\b.{0,60}
        |continue\ reading\b.{0,60}|(?:story|article)\ continues\ below.{0,60}|skip\ (?:to|advert|past).{0,60}
        |follow\ (?:us|me|him|her|them)\b.{0,80}|like\ us\ on\b.{0,60}|join\ (?:us|our)\b.{0,80}|get\ (?:our|the)\ .{0,40}newsletter.{0,40}
        |(?:photo|image|picture|file\ photo|credit|photograph|photos?\ by|image\ credit|source)\s*:.{0,100}
        |(?:related|recommended|see\ also|also\ read|read\ also|more\ (?:on|from|about)|most\ (?:read|popular|viewed)|you\ (?:may|might)\ (?:also\ )?like|up\ next|trending|don.t\ miss|top\ stories|latest\ news|tags?|topics?|filed\ under|keywords)(?:\ (?:stories|articles|posts|news|topics|content|links|coverage|searches|reading))?\s*:?
        |(?:related|tags?|topics|filed\ under|keywords|posted\ in|categor(?:y|ies)|read\ more|more|see\ also|also\ read|read\ also|read\ next|watch|listen)\s*:.{0,160}
        |\d+\s+(?:comments?|shares?|views?|likes?|min(?:ute)?s?\ read)|leave\ a\ (?:comment|reply).{0,40}|no\ comments.{0,30}|post\ a\ comment.{0,40}|view\ comments.{0,40}|comments\ (?:are\ closed|off|\(\d+\)).{0,40}
        |(?:©|\(c\)|copyright)\s.{0,160}|all\ rights\ reserved.{0,80}|™.{0,120}|\(?end\)?|[-–—*_=.\s]+
        |\d+\s*/\s*\d+|page\ \d+\ of\ \d+|[\d\s,.|«»<>]+
        )\W*$",
    )
});

/// The same in Chinese.
static FURNITURE_HAN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)^[\s【\[（(「《●■▲▼◆★☆>·—\-|]*(?:
        (?:责任编辑|本文编辑|网络编辑|编辑|责编|编审|审核|校对|校审|监制|值班编辑|实习编辑|流程编辑|版式设计|美编|排版|终审|初审|复审|二审|三审|来源|文章来源|稿源|信息来源|新闻来源|出处|原标题|原题|标签|关键词|关键字|分享到|分享至|扫一扫|微信扫码|相关阅读|相关新闻|相关报道|相关链接|相关推荐|延伸阅读|推荐阅读|精彩推荐|热门推荐|猜你喜欢|更多|上一篇|下一篇|上一页|下一页|上一条|下一条|首页|尾页|打印|关闭|字号|纠错|举报|收藏|点赞|在看|阅读原文|点击进入|点击查看|查看更多|展开全文|阅读全文|加载更多|我要评论|发表评论|网友评论|最新评论|跟帖|图片来源|图源|供图|摄影|摄|图为|资料图|题图|版权声明|免责声明|声明|特别声明|郑重声明|版权所有|未经授权|未经许可|转载请|投稿|联系我们|举报电话|热线|新闻热线|爆料|客户端下载|下载客户端|打开APP|打开客户端|阅读|浏览|点击数|发布时间|发布日期|时间|作者|记者|撰文|文|图)\s*[:：／/|丨︱].{0,80}
        |(?:责任编辑|责编|编辑|来源|原标题)\s*[^\s，。！？]{1,12}
        |(?:相关阅读|相关新闻|相关报道|相关链接|相关推荐|相关文章|相关专题|延伸阅读|推荐阅读|精彩推荐|热门推荐|热门文章|为您推荐|猜你喜欢|热点新闻|新闻排行|点击排行|最新评论|网友评论|热门评论|全部评论|发表评论|我要评论|分享到|分享|微信|微博|朋友圈|收藏|点赞|在看|打印|关闭|打印本页|关闭窗口|返回顶部|回到顶部|返回首页|上一篇|下一篇|上一页|下一页|首页|末页|尾页|全文完|完|广告|阅读原文|展开全文|阅读全文|查看更多|加载更多|更多|大|中|小|字号|举报|纠错|扫一扫)
        |.{0,20}(?:扫描|扫一扫|长按|识别).{0,10}二维码.{0,40}
        |.{0,30}(?:版权所有|未经(?:授权|许可|允许|书面).{0,12}(?:转载|使用|复制|不得)|不得转载|转载请注明|仅供参考，不构成|仅代表作者(?:个人|本人)?(?:的)?观点|与本网(?:站)?无关|侵权.{0,6}删除|不代表本(?:网|站|报|平台|公众号)).{0,120}
        |.{0,16}(?:关注|订阅).{0,6}(?:公众号|微信号|官方微信|官方微博|我们).{0,40}
        |[《（(]?[^，。]{2,14}[》）)]?\s*[（(]\s*(?:19|20)\d\d年\d{1,2}月\d{1,2}日.{0,16}[）)]
        |第?\s*\d+\s*页.{0,20}|共\s*\d+\s*页.{0,20}|\[?\d+\]?(?:\s+\[?\d+\]?)+.{0,12}
        )[\s】\]）)」》>·]*$",
    )
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is constant")
}

/// Whether an element's names mark it as something else than the article.
pub(crate) fn is_aside(tag: &str, names: &str) -> bool {
    if matches!(tag, "html" | "body" | "main" | "article" | "a" | "h1" | "h2" | "h3") {
        return false;
    }
    let names = names.replace('_', "-");
    ASIDE.is_match(&names)
}

/// Whether a line belongs to the page's furniture.
pub(crate) fn is_furniture(line: &str) -> bool {
    line.len() < 600 && (FURNITURE.is_match(line) || FURNITURE_HAN.is_match(line))
}

/// Characters that are not white space; ideographs, kana and Hangul count two and a half.
pub(crate) fn size(text: &str) -> f64 {
    text.chars()
        .map(|c| {
            if c.is_whitespace() {
                0.0
            } else if is_dense(c) {
                2.5
            } else {
                1.0
            }
        })
        .sum()
}

/// Whether a character stands for a syllable or a word.
fn is_dense(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether a text reads like a sentence: punctuation within or behind enough words.
pub(crate) fn is_sentence(text: &str) -> bool {
    let marks = [". ", ", ", "? ", "! ", "; ", "，", "。", "、", "！", "？", "；", "।", "။", "؟", "، "];
    let ends = [
        '.', '!', '?', '…', '”', '"', '»', '。', '！', '？', '”', '」', '।', '။', '؟', ':', '：', ')',
        '\u{2019}',
    ];
    let text = text.trim();
    size(text) >= 25.0
        && (text.ends_with(ends) || marks.iter().any(|mark| text.contains(mark)) || size(text) > 200.0)
}

/// Lines that begin what follows an article.
static TAIL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)^\W*(?:
        (?:related|recommended|more|most|top|trending|popular|latest|other|further|suggested|featured|editors?.s?)\b.{0,12}\b(?:stories|articles|posts|news|topics|content|coverage|reading|read|viewed|popular|columns|headlines|must-reads|picks|links|videos)\b.{0,30}
        |more\ (?:on|from|about|must-reads)\b.{0,60}|(?:you\ (?:may|might)|we\ (?:think|recommend)|read\ (?:next|also|more)|also\ (?:read|on|in|see)|see\ also|up\ next|don.t\ miss|what.s\ next)\b.{0,40}
        |about\ the\ (?:author|writer)s?.{0,40}|(?:\d+\ )?comments?(?:\ \(\d+\))?|leave\ a\ (?:comment|reply).{0,40}|(?:post|add|write)\ a\ comment.{0,40}|join\ the\ (?:conversation|discussion).{0,40}
        |sign\ up\ (?:for|to)\b.{0,120}|subscribe\ (?:to|now|for)\b.{0,120}|get\ the\ latest\b.{0,100}|want\ (?:more|weekly|daily)\b.{0,100}|enjoyed\ this\b.{0,80}|support\ (?:us|our)\b.{0,80}
        |write\ to\ .{3,60}@.{3,60}|contact\ (?:us|the\ author).{0,100}|follow\ .{2,40}\ on\ (?:twitter|facebook|instagram|x).{0,60}
        |keywords|tags|topics
        |相关(?:阅读|新闻|报道|链接|推荐|文章|专题|稿件)|延伸阅读|推荐阅读|精彩推荐|热门(?:推荐|文章|新闻|评论)|为您推荐|猜你喜欢|热点新闻|新闻排行|点击排行|(?:最新|网友|全部|精彩)评论|发表评论|更多(?:新闻|精彩|内容|阅读|资讯).{0,10}|往期(?:推荐|回顾|精选)|大家都在看|编辑推荐|本文(?:来源|编辑).{0,30}|(?:责任编辑|责编|编辑)[:：\s].{0,30}
        )\W*$",
    )
});

/// Whether a line begins what follows an article.
pub(crate) fn is_tail(line: &str) -> bool {
    line.len() < 400 && TAIL.is_match(line)
}

/// Whether a text ends like a sentence.
pub(crate) fn ends(text: &str) -> bool {
    let last = text.trim_end().chars().next_back();
    last.is_some_and(|c| ".!?…:;\"'”’»)]。！？：；」』）】।။؟".contains(c))
}
