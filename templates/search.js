// Searches all issues: 2021.json and so on have the titles of their sections and items. The newest year is read first.
// Words are what they are in publisher/search_words.py.
"use strict";

// Chinese, Japanese, Korean, Thai, Lao, Burmese and Khmer are written without spaces: two characters are found as one.
const UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3041-\u30fa\u30fc-\u318f\u31a0-\u31bf"
  + "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7ff\uf900-\ufaff\u{20000}-\u{3ffff}";
const SPACED = `(?:(?![${UNSPACED}])[\\p{L}\\p{N}\u0300-\u036f\u0900-\u0963\u0966-\u0dff])+[+#]*`;
const WORD = new RegExp(`[${UNSPACED}]+|${SPACED}`, "gu");
const PIECE = new RegExp(`[${UNSPACED}]|${SPACED}|[^]`, "gu");
const IS_UNSPACED = new RegExp(`^[${UNSPACED}]`, "u");
const MARKS = /[\u00ad\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]/g;
const PLAIN = { ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ð: "d", ł: "l", þ: "th", ı: "i", ς: "σ" };

const fold = (text) => text.normalize("NFKD").toLowerCase().replace(MARKS, "")
  .replace(/[ßæœøđðłþıς]/g, (letter) => PLAIN[letter]).normalize("NFC");
const listWords = (text) => fold(text).match(WORD) || [];
const keys = {};
const buildKey = (...texts) => texts.map((text) => keys[text] ??= listWords(text).map((word) => ` ${word}`).join("")).join("");

const splitTerms = (query) => [...new Set(listWords(query).flatMap((word) => {
  const [first, ...rest] = word;
  if (!IS_UNSPACED.test(word)) return ` ${word}`;
  return rest.length ? rest.map((letter, at) => (at ? rest[at - 1] : first) + letter) : word;
}))];

// Every term is in `own`; or some are there, and the others in what is around it, which has not all of them itself.
function matches(terms, own, around = "") {
  const [here, there] = [own, around].map((key) => terms.filter((term) => key.includes(term)));
  if (!here.length || here.length === terms.length) return here.length > 0;
  return there.length < terms.length && terms.every((term) => here.includes(term) || there.includes(term));
}

// Returns what is found in the issues of a year: first issues by their title, then items, then sections.
function findHits(issues, terms) {
  const found = [[], [], []];
  for (const [date, number, path, issue, sections] of issues) {
    const facts = [date, number && `#${number}`], issueKey = buildKey(issue, number, date);
    if (matches(terms, issueKey)) found[0].push({ title: issue, url: path, facts });
    for (const [section, anchor, items] of sections) {
      const url = (id) => `${path}#${encodeURIComponent(id)}`, key = buildKey(section);
      if (matches(terms, key, issueKey)) found[2].push({ title: section, url: url(anchor), facts: [...facts, issue] });
      for (const [title, source, id] of items) {
        if (!matches(terms, buildKey(title, source), key + issueKey)) continue;
        found[1].push({ title, url: url(id), facts: [...facts, issue, section, source] });
      }
    }
  }
  return found.flat();
}

// Texts are from issues and from the address of the page: they are never read as HTML.
function addElement(parent, tag, text = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  parent.append(element);
  return element;
}

function addMarked(parent, text, terms) {
  const pieces = text.match(PIECE) || [];
  const isFound = (piece, at) => (IS_UNSPACED.test(piece)
    ? [piece, piece + pieces[at + 1], pieces[at - 1] + piece].some((part) => terms.includes(fold(part)))
    : terms.some((term) => buildKey(piece).includes(term)));
  const marked = pieces.map((piece, at) => (isFound(piece, at) ? `\x01${piece}\x02` : piece)).join("");
  marked.replaceAll("\x02\x01", "").split(/[\x01\x02]/).forEach((part, at) => addElement(parent, at % 2 ? "mark" : "span", part));
}

const [input, list, status, older, all] = ["q", "hits", "found", "older", "all"].map((id) => document.getElementById(id));
const years = [...all.querySelectorAll("[data-year]")].map((year) => year.dataset.year);
const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeZone: "UTC" });
const loaded = {};
let terms = [], next = 0, hits = [], turn = 0, reading = -1, timer = 0;

async function load(year) {
  const response = await fetch(`${year}.json`, { cache: "no-cache" });
  if (!response.ok) throw new Error(response.statusText);
  return response.json();
}

function showHit({ title, url, facts: [date, ...others] }) {
  const row = addElement(list, "li"), link = addElement(row, "a"), about = addElement(row, "p");
  link.href = url;
  addMarked(link, title, terms);
  about.className = "kicker";
  addElement(about, "bdi", format.format(new Date(date)));
  for (const fact of others.filter(Boolean)) about.append(" · ", addElement(about, "bdi", fact));
}

// Shows 50 hits more. Reads older years for them until there are 20, or 400 issues were searched.
async function showMore(event) {
  const mine = turn, texts = input.form.dataset, shown = list.children.length;
  if (reading === mine) return;
  reading = mine;
  try {
    for (let count = 0; hits.length < 20 && count < 400 && next < years.length; next += 1) {
      const issues = loaded[years[next]] ??= await load(years[next]);
      if (mine !== turn) return; // another search has begun
      count += issues.length;
      hits.push(...findHits(issues, terms));
    }
    hits.splice(0, 50).forEach(showHit);
    const total = list.children.length + hits.length, range = [...new Set([years[next - 1], years[0]])].join("–");
    status.textContent = total ? texts.some.replace("{}", total).replace("{}", range) : texts.none.replace("{}", range);
    older.hidden = !hits.length && next >= years.length;
    if (event) list.children[shown]?.firstChild.focus(); // the button may be gone
  } catch {
    if (mine !== turn) return;
    status.textContent = texts.failed;
    older.hidden = all.hidden = false;
  }
  reading = -1;
}

function search() {
  [terms, next, hits, turn] = [splitTerms(input.value), 0, [], turn + 1];
  list.replaceChildren();
  status.textContent = "";
  older.hidden = true;
  all.hidden = terms.length > 0;
  history.replaceState(null, "", input.value ? `?q=${encodeURIComponent(input.value)}` : location.pathname);
  if (terms.length) showMore();
}

function searchSoon(event) {
  clearTimeout(timer);
  if (!event.isComposing) timer = setTimeout(search, event.type === "submit" ? 0 : 200);
  if (event.type === "submit") event.preventDefault();
}

for (const type of ["input", "compositionend"]) input.addEventListener(type, searchSoon);
input.form.addEventListener("submit", searchSoon);
older.addEventListener("click", showMore);
addEventListener("scroll", () => {
  if (!older.hidden && list.children.length && older.getBoundingClientRect().top < innerHeight + 200) showMore();
}, { passive: true });
input.form.hidden = false;
input.value = new URLSearchParams(location.search).get("q") || "";
if (input.value) search();
