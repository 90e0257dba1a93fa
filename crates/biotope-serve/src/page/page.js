"use strict";
const SAY = {
  en: {
    skip: "Skip to the text", lead: "Paste a text or the address of a page", leadText: "Paste a text", go: "Classify", clear: "Clear",
    why: "Show the words that mattered", keys: "Ctrl + Enter", answer: "Most likely", read: "The text as the model read it",
    legend: "Each word was left out once. The figure is what the label’s probability loses without it, in percentage points.",
    foot: "The text goes to this service only and is neither kept nor logged.", busy: "Reading …", fetching: "Fetching the page …",
    empty: "There is no text yet. Paste one, or the address of a page.", gone: "The service does not answer. Is it still running?",
    refused: "Not classified", done: "Done.", wordsFor: "Words for and against “{}”", all: "Show all {} labels", few: "Show fewer labels",
    characters: "{} characters", took: "{} ms", sentence: "{}: {}", point: " pp", none: "No single word changed the answer.",
    hints: {
      413: "Shorten the text, or paste only the article.", 429: "The service is busy. Try again in a moment.",
      503: "Try again in a moment.", 424: "The model broke on this text. Whoever runs the service finds the cause in its log.",
      403: "Open the page yourself and paste its text.",
    },
  },
  zh: {
    skip: "跳到文本框", lead: "粘贴文本或网页地址", leadText: "粘贴文本", go: "分类", clear: "清空",
    why: "显示起作用的词", keys: "Ctrl + Enter", answer: "最可能的类别", read: "模型读到的文本",
    legend: "逐个去掉每个词,数字表示去掉该词后此类别概率减少的百分点。中文按字计算。",
    foot: "文本只发送到本服务,不保存,也不写入日志。", busy: "正在阅读……", fetching: "正在获取网页……",
    empty: "还没有文本。请粘贴文本或网页地址。", gone: "服务没有回应,是否仍在运行?",
    refused: "未分类", done: "完成。", wordsFor: "支持与反对“{}”的词", all: "显示全部 {} 个类别", few: "收起",
    characters: "{} 个字符", took: "{} 毫秒", sentence: "{}:{}", point: "", none: "没有哪个词单独改变结果。",
    hints: {
      413: "请缩短文本,或只粘贴正文。", 429: "服务繁忙,请稍后再试。", 503: "请稍后再试。",
      424: "模型处理此文本时出错,服务日志中有原因。", 403: "请自行打开网页并粘贴正文。",
    },
  },
};
const FEW = 8;
const $ = (id) => document.getElementById(id);
let language = (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en";
let fetches = true;
let shown = null;
let whole = false;

const say = (key, ...values) => values.reduce((text, value) => text.replace("{}", () => value), SAY[language][key]);
const element = (name, text, className) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
};
const percent = (share) => new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(share);
const points = (share) => new Intl.NumberFormat(language, { signDisplay: "exceptZero", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(share * 100).replace("-", "−") + say("point");

function translate() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  if (!fetches) $("lead").textContent = say("leadText");
  $("language").textContent = language === "en" ? "中文" : "English";
  $("language").lang = language === "en" ? "zh" : "en";
  if (shown) show(shown);
}

function request(text) {
  const explain = $("why").checked;
  const address = /^https?:\/\/\S+$/i.test(text);
  return address ? { url: text, explain } : { text, explain };
}

async function classify() {
  const text = $("input").value.trim();
  fail(null);
  $("result").hidden = true;
  shown = null;
  if (!text) { fail(say("empty")); $("input").focus(); return; }
  const body = request(text);
  $("go").disabled = true;
  status(body.url ? "fetching" : "busy");
  try {
    const answer = await fetch("classify", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    const told = await answer.json();
    if (!answer.ok) return fail(told.error, SAY[language].hints[answer.status]);
    if (told.refused) return fail(say("refused"), say("sentence", told.refused.step, told.refused.why));
    shown = told;
    whole = false;
    show(told);
    status("done", true);
    $("result").focus({ preventScroll: true });
    $("result").scrollIntoView({ block: "nearest" });
  } catch (error) {
    fail(say("gone"), error instanceof SyntaxError ? "" : undefined);
  } finally {
    $("go").disabled = false;
    if (!shown) status("");
  }
}

/* What is seen anyway is only said, for those who listen. */
function status(key, heard = false) {
  $("status").textContent = key ? say(key) : "";
  $("status").classList.toggle("heard", heard);
}

function fail(message, hint) {
  $("error").hidden = !message;
  $("error").replaceChildren();
  if (!message) return;
  $("error").append(element("strong", message.charAt(0).toUpperCase() + message.slice(1)));
  if (hint) $("error").append(element("p", hint));
}

function show(told) {
  const best = told.labels[0];
  $("answer").textContent = best ? best.label : "";
  const facts = [say("took", new Intl.NumberFormat(language, { maximumSignificantDigits: 2 }).format(told.seconds * 1000))];
  if (told.read) facts.unshift(say("characters", new Intl.NumberFormat(language).format(told.read.characters)));
  if (told.source.startsWith("http")) facts.unshift(told.source);
  $("meta").textContent = facts.join(" · ");
  bars(told.labels);
  words(told);
  text(told);
  $("result").hidden = false;
}

function bars(labels) {
  const probable = labels.every((one) => one.score >= 0 && one.score <= 1);
  const some = whole ? labels : labels.slice(0, FEW);
  $("bars").replaceChildren(...some.map((one, place) => {
    const line = element("li", undefined, place ? "" : "best");
    const track = element("span", undefined, "track");
    const fill = element("div", undefined, "fill");
    fill.style.width = probable ? `${one.score * 100}%` : "0";
    track.append(fill);
    track.setAttribute("aria-hidden", "true");
    line.append(element("span", one.label, "label"), track, element("span", probable ? percent(one.score) : String(one.score), "score"));
    return line;
  }));
  $("all").hidden = labels.length <= FEW;
  $("all").textContent = whole ? say("few") : say("all", labels.length);
  $("all").setAttribute("aria-expanded", String(whole));
}

function words(told) {
  const strong = told.words.filter((one) => Math.abs(one.weight) >= 0.0005).slice(0, 14);
  $("words").hidden = !told.explained;
  $("words-head").textContent = say("wordsFor", told.explained);
  $("chips").replaceChildren(...(strong.length ? strong.map((one) => {
    const chip = element("li", one.word, one.weight > 0 ? "for" : "against");
    chip.append(element("small", points(one.weight)));
    return chip;
  }) : [element("li", say("none"))]));
}

function text(told) {
  $("text").hidden = !told.read;
  if (!told.read) return;
  const largest = Math.max(...told.words.map((one) => Math.abs(one.weight)), 0.0005);
  const weights = new Map(told.words.map((one) => [one.word, one.weight / largest]));
  const title = element("strong");
  title.append(...marked(told.read.title || "", weights));
  $("read").replaceChildren(...(told.read.title ? [title] : []), ...marked(told.read.text, weights));
  if (told.read.characters > told.read.text.length) $("read").append(" …");
  $("trail").textContent = told.read.trail.map((one) => say("sentence", one.step, one.effect)).join(" · ");
}

/* The same words as the service's: runs of letters and digits; Han, Hiragana and Katakana one by one. */
const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{N}])+(?:['’-](?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{N}])+)*/gu;

function marked(text, weights) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(WORD)) {
    const weight = weights.get(match[0].toLowerCase()) || 0;
    if (Math.abs(weight) < 0.05) continue;
    nodes.push(text.slice(from, match.index));
    const mark = element("mark", match[0]);
    mark.style.backgroundColor = `rgba(var(--${weight > 0 ? "for" : "against"}), ${(0.12 + 0.43 * Math.abs(weight)).toFixed(2)})`;
    nodes.push(mark);
    from = match.index + match[0].length;
  }
  nodes.push(text.slice(from));
  return nodes;
}

$("form").addEventListener("submit", (event) => { event.preventDefault(); classify(); });
$("form").noValidate = true;
$("input").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); classify(); }
});
$("clear").addEventListener("click", () => {
  $("input").value = "";
  shown = null;
  $("result").hidden = true;
  status("");
  fail(null);
  $("input").focus();
});
$("all").addEventListener("click", () => { whole = !whole; bars(shown.labels); });
$("language").addEventListener("click", () => { language = language === "en" ? "zh" : "en"; translate(); });

translate();
fetch("info").then((answer) => answer.json()).then((info) => {
  fetches = info.fetches_pages;
  $("name").textContent = info.bundle.name;
  document.title = `${info.bundle.name} · Biotope`;
  $("facts").textContent = `${info.bundle.model} · v${info.bundle.version}`;
  translate();
}).catch(() => fail(say("gone")));
