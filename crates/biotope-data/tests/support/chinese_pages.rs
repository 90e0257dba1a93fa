//! Pages in the manner of Chinese sites, with the text that an extractor should find. One function, one kind of site.

use super::chinese_texts::{STORIES, Story};

/// A page and its text.
pub(crate) struct Page {
    /// What kind of site, and which story.
    pub(crate) name: String,
    /// The page as a server sends it.
    pub(crate) bytes: Vec<u8>,
    /// The text of the article.
    pub(crate) gold: String,
}

/// How a kind of site makes a page: story and neighbour (for teasers) to HTML and gold.
type Kind = (&'static str, fn(&Story, &Story) -> (String, String));

const KINDS: [Kind; 18] = [
    ("portal", portal),
    ("newspaper", newspaper),
    ("wechat", wechat),
    ("government", government),
    ("paged", paged),
    ("gbk-table", gbk_table),
    ("div-soup", div_soup),
    ("video", video),
    ("blog", blog),
    ("live", live),
    ("forum", forum),
    ("amp", amp),
    ("semantic", semantic),
    ("mobile", mobile),
    ("e-paper", e_paper),
    ("finance", finance),
    ("scripted", scripted),
    ("company", company),
];

/// Two pages of each kind.
pub(crate) fn pages() -> Vec<Page> {
    let page = |at: usize| {
        let (kind, make) = KINDS[at % KINDS.len()];
        let (story, other) = (
            &STORIES[(at * 3 + at / KINDS.len()) % STORIES.len()],
            &STORIES[(at * 3 + 5 + at / KINDS.len()) % STORIES.len()],
        );
        let (html, gold) = make(story, other);
        let bytes = if kind == "gbk-table" {
            encoding_rs::GBK.encode(&html).0.into_owned()
        } else {
            html.into_bytes()
        };
        Page { name: format!("{kind}: {}", story.0), bytes, gold }
    };
    (0..2 * KINDS.len()).map(page).collect()
}

fn gold(story: &Story) -> String {
    story.1.join("\n")
}

fn each(story: &Story, make: impl Fn(&str) -> String) -> String {
    story.1.iter().map(|line| make(line)).collect()
}

fn page(title: &str, head: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>{title}</title>{head}<script>var a='<p>不是正文</p>';</script></head><body>{body}</body></html>"
    )
}

/// A list of links to other stories.
fn links(count: usize) -> String {
    STORIES
        .iter()
        .cycle()
        .take(count)
        .map(|story| format!("<li><a href=\"/n/{}.html\">{}</a></li>", story.0.len(), story.0))
        .collect()
}

fn menu() -> String {
    let names = [
        "首页", "新闻", "国内", "国际", "财经", "体育", "娱乐", "科技", "教育", "健康", "旅游", "视频",
        "专题", "论坛",
    ];
    names.iter().map(|name| format!("<a href=\"/{}\">{name}</a> | ", name.len())).collect()
}

fn portal(story: &Story, other: &Story) -> (String, String) {
    let body = format!(
        "<div class=\"top-nav\">{}</div><div class=\"path\">新闻中心 &gt; 国内新闻 &gt; 正文</div><div class=\"main-content w1240\"><h1 class=\"main-title\">{}</h1>
        <div class=\"date-source\"><span class=\"date\">2026年03月12日 08:41</span> <a class=\"source\" href=/s>临江晚报</a> <span>缩小字体</span> <span>放大字体</span> <span>收藏</span> <span>微博</span> <span>微信</span> <span>分享</span> <span>0</span></div>
        <div class=\"article\" id=\"artibody\">{}<p class=\"show_author\">责任编辑：王小明 SN117</p></div>
        <div class=\"article-keywords\">文章关键词：<a href=/k>民生</a> <a href=/k>城市</a></div><div class=\"blk-related\"><h3>相关新闻</h3><ul>{}</ul></div>
        <div id=\"comments\">我要评论 登录 | 注册 <p>网友小鱼：写得真好，希望我们这里也能学一学，早点把好事办成。</p></div></div>
        <div class=\"sidebar\"><h3>点击排行榜</h3><ul>{}</ul><div class=\"card\"><p>{}</p></div></div><div class=\"footer\"><p>新闻中心意见反馈留言板 电话：000-00000000 欢迎批评指正</p><p>Copyright © 1996-2026 All Rights Reserved 版权所有</p></div>",
        menu(), story.0, each(story, |line| format!("<p>　　{line}</p>\n")), links(5), links(10), other.1[0]
    );
    (
        page(
            &format!("{}_新闻中心_某浪网", story.0),
            "<meta property=\"og:site_name\" content=\"某浪网\">",
            &body,
        ),
        gold(story),
    )
}

fn newspaper(story: &Story, _: &Story) -> (String, String) {
    let body = format!(
        "<div class=\"rm_header\">{}</div><div class=\"layout rm_txt cf\"><div class=\"col col-1 fl\"><h4 class=\"pre\"></h4><h1>{}</h1><div class=\"author cf\">本报记者 田 野</div>
        <div class=\"channel cf\"><div class=\"col-1-1 fl\">2026年03月12日05:32 | 来源：<a href=/p>人间日报</a></div><div class=\"col-1-2 fr\"><a>小字号</a></div></div>
        <div class=\"rm_txt_con cf\"><div class=\"bza\"><p></p></div>{}<p style=\"text-align:right\">《 人间日报 》（ 2026年03月12日 06 版）</p><div class=\"box_pic\"></div><div class=\"edit cf\">(责编：赵一、钱二)</div>
        <p class=\"paper_num\">关注公众号：人间日报财经</p></div><div class=\"rm_relevant cf\"><div>相关新闻</div><ul>{}</ul></div></div></div><div class=\"foot\">人间网版权所有，未经书面授权禁止使用</div>",
        menu(), story.0, each(story, |line| format!("<p style=\"text-indent: 2em;\">\n\t{line}</p>\n")), links(6)
    );
    (
        page(&format!("{}--财经--人间网", story.0), "<meta name=\"source\" content=\"人间日报\">", &body),
        gold(story),
    )
}

fn wechat(story: &Story, _: &Story) -> (String, String) {
    let body = format!(
        "<div id=\"js_article\" class=\"rich_media\"><div class=\"rich_media_area_primary\"><h1 class=\"rich_media_title\" id=\"activity-name\">{}</h1><div id=\"meta_content\"><span class=\"rich_media_meta\">原创</span> <span class=\"rich_media_meta\">阿木</span> <a id=\"js_name\">江边笔记</a> <em id=\"publish_time\">2026-03-12 07:30</em></div>
        <div class=\"rich_media_content\" id=\"js_content\" style=\"visibility: visible;\"><section><section style=\"text-align:center\"><span>点击上方蓝字关注我们</span></section></section><section data-role=\"outer\">{}</section>
        <section><p style=\"text-align:center\">- END -</p></section><section><p>长按识别二维码关注江边笔记</p><p>往期推荐</p><p><a href=/a>{}</a></p><p><a href=/b>旧文一篇</a></p><p>点个“在看”，让更多人看到</p></section></div></div></div>
        <div id=\"js_pc_qr_code\" class=\"qr_code_pc\"><p>微信扫一扫<br>关注该公众号</p></div>",
        story.0, each(story, |line| format!("<section><p style=\"line-height:2em\"><span style=\"font-size:15px\"><span>{line}</span></span></p><p><br></p></section>")), STORIES[0].0
    );
    (page(story.0, "<meta property=\"og:title\" content=\"\">", &body), gold(story))
}

fn government(story: &Story, _: &Story) -> (String, String) {
    let body = format!(
        "<div class=\"header\">{}</div><table width=\"960\" align=\"center\"><tr><td>当前位置：<a href=/>首页</a> &gt; <a href=/xw>政务要闻</a></td></tr><tr><td align=\"center\"><b>{}</b></td></tr>
        <tr><td align=\"center\">发布时间：2026-03-12 16:20　　信息来源：市政府办公室　　浏览次数：1024　　字号：[ <a>大</a> <a>中</a> <a>小</a> ]</td></tr>
        <tr><td><div class=\"TRS_Editor\">{}</div></td></tr><tr><td align=\"right\"><a>【打印本页】</a> <a>【关闭窗口】</a></td></tr></table>
        <div class=\"dibu\">主办：某某市人民政府办公室　承办：某某市大数据管理局　网站标识码：0000000000　<br>备案序号：某ICP备00000000号　某公网安备00000000000000号</div>",
        menu(), story.0, each(story, |line| format!("<p align=\"justify\">　　{line}</p>"))
    );
    (
        page(
            &format!("{} - 某某市人民政府门户网站", story.0),
            "<meta name=\"ArticleTitle\" content=\"\"><meta name=\"PubDate\" content=\"2026-03-12 16:20:00\"><meta name=\"ColumnName\" content=\"政务要闻\">",
            &body,
        ),
        gold(story),
    )
}

fn paged(story: &Story, other: &Story) -> (String, String) {
    let body = format!(
        "<nav>{}</nav><div class=\"wrap\"><div class=\"left\"><h1>{}</h1><div class=\"info\">2026-03-12 10:01:22 来源：南城周刊 作者：方圆</div><div class=\"content\" id=\"content\">{}
        <div class=\"pagelist\"><a>上一页</a> <b>1</b> <a href=2>2</a> <a href=3>3</a> <a href=4>4</a> <a href=2>下一页</a> <a>尾页</a></div><p>共4页 第1页</p></div>
        <div class=\"prevnext\">上一篇：<a href=/1>{}</a><br>下一篇：<a href=/2>没有了</a></div></div><div class=\"right\"><h3>热门推荐</h3>{}</div></div>",
        menu(), story.0, each(story, |line| format!("<p>{line}</p>\n")), other.0,
        STORIES.iter().map(|story| format!("<div class=\"item\"><a href=/x>{}</a><p>{}</p></div>", story.0, story.1[1])).collect::<String>()
    );
    (page(&format!("{}(1) - 南城周刊", story.0), "", &body), gold(story))
}

fn gbk_table(story: &Story, _: &Story) -> (String, String) {
    let html = format!(
        "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=gb2312\"><title>{}</title></head><body bgcolor=#ffffff><center><table width=760 border=0><tr><td colspan=2>{}</td></tr>
        <tr><td width=160 valign=top><table>{}</table></td><td width=600 valign=top><table width=100%><tr><td align=center><font size=5 color=#990000><b>{}</b></font></td></tr><tr><td align=center><font size=2>2003年3月12日 18:02 城南晚报</font></td></tr>
        <tr><td><font size=3 class=f14>{}</font></td></tr><tr><td align=right><font size=2>【<a href=/p>打印</a>】【<a href=/c>关闭</a>】</font></td></tr></table></td></tr><tr><td colspan=2 align=center><font size=2>关于我们 | 广告服务 | 联系我们 | 版权所有 不得转载</font></td></tr></table></center></body></html>",
        story.0, menu(), STORIES.iter().map(|story| format!("<tr><td>·<a href=/o>{}</a></td></tr>", story.0)).collect::<String>(), story.0,
        each(story, |line| format!("&nbsp;&nbsp;&nbsp;&nbsp;{line}<br><br>\n"))
    );
    (html, gold(story))
}

fn div_soup(story: &Story, other: &Story) -> (String, String) {
    let body = format!(
        "<div class=\"_3xa\"><div class=\"_9k\">{}</div><div class=\"_1b\"><div class=\"_t7\">{}</div><div class=\"_t8\"><div>小田</div><div>03-12 09:15</div><div>关注</div></div><div class=\"_c2\">{}</div>
        <div class=\"_z1\"><div>举报/反馈</div><div>收藏</div><div>赞 128</div></div></div><div class=\"_r4\">{}</div></div>",
        menu(), story.0, each(story, |line| format!("<div class=\"_p5\"><span>{line}</span></div>")),
        STORIES.iter().take(6).map(|story| format!("<div class=\"_r5\"><a href=/x><div>{}</div><div>{}</div></a></div>", story.0, other.1[2])).collect::<String>()
    );
    (page(story.0, "", &body), gold(story))
}

fn video(story: &Story, _: &Story) -> (String, String) {
    let body = format!(
        "<header>{}</header><div class=\"player\"><video src=/v.mp4></video><div class=\"controls\">播放 暂停 00:00 / 03:12 倍速 清晰度 全屏</div></div><div class=\"video-info\"><h1>{}</h1><div class=\"count\">播放：3.2万次 2026-03-12</div>
        <div class=\"video-text\">{}</div></div><div class=\"video-list\"><h3>接下来播放</h3><ul>{}</ul></div>",
        menu(), story.0, each(story, |line| format!("<p>{line}</p>")), links(9)
    );
    (page(&format!("【视频】{}", story.0), "", &body), gold(story))
}

fn blog(story: &Story, other: &Story) -> (String, String) {
    let comments: String = other.1.iter().map(|line| format!("<li class=\"comment\"><div class=\"comment-author\">读者</div><div class=\"comment-content\"><p>{line}</p></div></li>")).collect();
    let body = format!(
        "<div id=\"page\" class=\"hfeed site\"><header class=\"site-header\"><h1 class=\"site-title\"><a href=/>慢慢走的博客</a></h1><nav class=\"main-navigation\">{}</nav></header><div id=\"primary\"><main><article class=\"post type-post hentry\"><header class=\"entry-header\"><h1 class=\"entry-title\">{}</h1>
        <div class=\"entry-meta\">发表于 <time datetime=\"2026-03-12T20:00:00+08:00\">2026年3月12日</time> 由 <span class=\"author\">慢慢走</span></div></header><div class=\"entry-content\">{}<div class=\"sharedaddy\"><h3>分享到：</h3><a>微博</a> <a>微信</a></div></div>
        <footer class=\"entry-meta\">本条目发布于 2026年3月12日。属于 <a href=/c>随笔</a> 分类。</footer></article><div id=\"comments\" class=\"comments-area\"><h2 class=\"comments-title\">《{}》有 8 条评论</h2><ol class=\"commentlist\">{comments}</ol></div></main></div></div>",
        menu(), story.0, each(story, |line| format!("<p>{line}</p>\n")), story.0
    );
    (page(&format!("{} | 慢慢走的博客", story.0), "", &body), gold(story))
}

fn live(story: &Story, _: &Story) -> (String, String) {
    let items: String = story.1.iter().enumerate().map(|(at, line)| format!("<div class=\"live-item\"><time class=\"timestamp\">{:02}:{:02}</time><div class=\"live-text\"><p>{line}</p></div><div class=\"share\">分享</div></div>", 9 + at, at * 7)).collect();
    let body = format!(
        "<div class=\"head\">{}</div><main><h1>直播｜{}</h1><div class=\"live-status\">直播已结束 · 1.2万人参与</div><div class=\"live-list\">{items}</div></main><aside><h2>热门直播</h2><ul>{}</ul></aside>",
        menu(),
        story.0,
        links(6)
    );
    (page(&format!("直播｜{}", story.0), "", &body), gold(story))
}

fn forum(story: &Story, other: &Story) -> (String, String) {
    let replies: String = other.1.iter().take(4).map(|line| format!("<div class=\"reply comment-item\"><div class=\"user\">网友</div><div class=\"comment-text\">{line}</div><div>回复 举报 支持(3)</div></div>")).collect();
    let body = format!(
        "<div class=\"nav\">{}</div><div class=\"crumbs\">论坛 &gt; 城市 &gt; 正文</div><div id=\"postlist\"><div class=\"thread-title\"><h1>{}</h1></div><div class=\"post first\"><div class=\"userinfo\">楼主 江边人 积分 3021 发消息</div><div class=\"t_f post-content\">{}</div><div class=\"signature hidden\">签名：一步一步来</div></div>
        <div class=\"replies comments\">{replies}</div></div><div class=\"footer\">Powered by 某论坛 © 2026</div>",
        menu(), story.0, each(story, |line| format!("{line}<br />\n<br />\n"))
    );
    (page(&format!("{} - 城市论坛", story.0), "", &body), gold(story))
}

fn amp(story: &Story, other: &Story) -> (String, String) {
    let body = format!(
        "<amp-sidebar id=s><ul>{}</ul></amp-sidebar><header class=\"top\">{}</header><article><h1>{}</h1><p class=\"byline\">记者 田野 2026-03-12</p><amp-img src=a.jpg></amp-img><figcaption>图为施工现场。新华图库供图</figcaption>{}<amp-ad>广告 {}</amp-ad></article>
        <section class=\"related\"><h2>相关阅读</h2><ul>{}</ul></section><amp-consent><p>我们使用 Cookie 改善您的体验，继续浏览即表示同意。</p><button>同意</button></amp-consent>",
        links(8), menu(), story.0, each(story, |line| format!("<p>{line}</p>")), other.1[3], links(4)
    );
    (page(story.0, "<link rel=canonical href=\"https://xinwen.example/a/1\">", &body), gold(story))
}

fn semantic(story: &Story, other: &Story) -> (String, String) {
    let data = format!(
        "<script type=\"application/ld+json\">{{\"@context\":\"https://schema.org\",\"@type\":\"NewsArticle\",\"headline\":\"{}\",\"datePublished\":\"2026-03-12T08:00:00+08:00\",\"author\":{{\"@type\":\"Person\",\"name\":\"田野\"}},\"articleSection\":\"社会\"}}</script>",
        story.0
    );
    let lines: String = story.1.iter().enumerate().map(|(at, line)| {
        let box_ = if at == 3 { format!("<aside class=\"pullquote\"><p>{}</p></aside><div class=\"inline-related\"><h4>延伸阅读</h4><a href=/x>{}</a></div>", other.1[1], other.0) } else { String::new() };
        format!("<p>{line}</p>{box_}")
    }).collect();
    let body = format!(
        "<header><nav>{}</nav></header><main><article itemscope><header><h1>{}</h1><p class=\"byline\">田野</p></header><div itemprop=\"articleBody\">{lines}</div><footer><p>本文由记者采写，转载请注明出处。</p></footer></article></main><footer><p>关于我们　联系我们　加入我们</p></footer>",
        menu(),
        story.0
    );
    (page(&format!("{} - 清晨新闻", story.0), &data, &body), gold(story))
}

fn mobile(story: &Story, _: &Story) -> (String, String) {
    let cards: String = STORIES
        .iter()
        .map(|story| {
            format!(
                "<section class=\"card\"><a href=/c><h3>{}</h3><p>{}</p><span>12评论</span></a></section>",
                story.0, story.1[4]
            )
        })
        .collect();
    let body = format!(
        "<div class=\"app-bar\"><a href=/app>打开APP 阅读体验更佳</a></div><section class=\"article\"><h1 class=\"title_wrap\">{}</h1><div class=\"from_wrap\"><span>清晨新闻</span><span>03-12 07:00</span></div><div class=\"art_content\">{}</div><div class=\"unfold\"><a>展开全文</a></div></section>
        <div class=\"recommend\"><h2>猜你喜欢</h2>{cards}</div><div class=\"bottom-bar\">写评论... 分享</div>",
        story.0, each(story, |line| format!("<p>{line}</p>"))
    );
    (page(story.0, "", &body), gold(story))
}

fn e_paper(story: &Story, _: &Story) -> (String, String) {
    let body = format!(
        "<table width=100%><tr><td>2026年03月12日 星期四　第03版：要闻　<a href=/p>上一版</a> <a href=/n>下一版</a></td></tr><tr><td><div id=\"ozoom\"><founder-content>{}</founder-content></div></td></tr></table><table class=\"bc\"><tr><td>放大⊕ 缩小⊖ 默认○ 朗读</td></tr></table>
        <div class=\"list\"><ul>{}</ul></div><div class=\"copyright\">某某日报报业集团 版权所有</div>",
        each(story, |line| format!("<P>　　{line}</P>")), links(8)
    );
    (page(&format!("某某日报数字报-{}", story.0), "", &format!("<h1>{}</h1>{body}", story.0)), gold(story))
}

fn finance(story: &Story, other: &Story) -> (String, String) {
    let rows: String = (1..12)
        .map(|n| format!("<tr><td>证券{n}</td><td>{}.{n:02}</td><td>+0.{n}%</td></tr>", 10 + n))
        .collect();
    let body = format!(
        "<div class=\"ticker\">上证指数 3021.77 +0.3% 深证成指 9876.50 -0.1%</div><div class=\"menu\">{}</div><div class=\"main\"><div class=\"title\"><h1>{}</h1></div><div class=\"infos\">2026年03月12日 21:13　作者：陆羽　来源：财经早知道　编辑：东方　手机查看财经快讯</div>
        <div id=\"ContentBody\" class=\"txtinfos\"><div class=\"abstract\"></div>{}<p class=\"em_media\">（文章来源：财经早知道）</p><p>郑重声明：本网发布此信息目的在于传播更多信息，与本网站立场无关。</p></div><div class=\"hotlist\"><h3>热点新闻</h3><p>{}</p></div></div><table class=\"quotes\">{rows}</table><div class=\"disclaimer\">投资有风险，入市需谨慎。以上内容仅供参考，不构成投资建议。</div>",
        menu(), story.0, each(story, |line| format!("<p>　　{line}</p>")), other.1[5]
    );
    (page(&format!("{} _ 财经早知道", story.0), "", &body), gold(story))
}

fn scripted(story: &Story, _: &Story) -> (String, String) {
    let body = story.1.join("\\n");
    let data = format!(
        "<script type=\"application/ld+json\">{{\"@type\":\"NewsArticle\",\"headline\":\"{}\",\"articleBody\":\"{body}\"}}</script>",
        story.0
    );
    let html = page(
        story.0,
        &data,
        &format!(
            "<div id=\"app\"><div class=\"menu\">{}</div></div><noscript>请启用 JavaScript</noscript>",
            menu()
        ),
    );
    (html, gold(story))
}

fn company(story: &Story, _: &Story) -> (String, String) {
    let (first, last) = (story.1[..5].iter(), &story.1[5..]);
    let items: String = last.iter().map(|line| format!("<li>{line}</li>")).collect();
    let lines: String = first.map(|line| format!("<p>{line}</p>")).collect();
    let body = format!(
        "<div class=\"mega-menu\">{}{}</div><div class=\"news-detail\"><h2>{}</h2><div class=\"time\">2026.03.12</div><div class=\"detail-content\">{lines}<h3>下一步安排</h3><ul>{items}</ul></div><div class=\"back\"><a href=/news>返回列表</a></div></div><div class=\"footer-links\">友情链接：<a>甲</a> <a>乙</a> <a>丙</a></div>",
        menu(),
        links(12),
        story.0
    );
    let text: Vec<&str> =
        story.1[..5].iter().copied().chain(["下一步安排"]).chain(last.iter().copied()).collect();
    (page(&format!("{}-公司新闻", story.0), "", &body), text.join("\n"))
}
