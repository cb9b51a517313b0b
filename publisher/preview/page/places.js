// Where the items of an issue are in the document of a pane: the range of each title. The document is only read.
//
// A title may occur several times, as in the contents of a mail, and short ones also inside of text. So all places of
// all titles are scored by what an item looks like, and the best places that are in the order of the items are taken.

const SPACE = /[\s\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/gu;
const SKIPPED = new Set(['SCRIPT', 'STYLE', 'TEMPLATE', 'NOSCRIPT', 'NAV']);
const INLINE = new Set('A ABBR B BDI BDO BIG CITE CODE DEL DFN EM FONT I INS KBD LABEL MARK Q S SAMP SMALL SPAN STRONG SUB SUP TIME U VAR WBR'.split(' '));
const MARKER = /^[\p{N}\p{P}\p{S}]*$/u; // what may precede a title on its line: a number, a bullet, tags in brackets
const MAX_PLACES = 200; // of one title
const MAX_PREFIX = 60;
const NEAR = 400; // characters in which the URL of an item follows its title
const PREFIX = 12;

const squeeze = (text) => text.replace(SPACE, '');

const read = new WeakMap(); // by text node, its text and its lines, because most nodes stay as they are

// Returns the lines of a text node, [offset, text without spaces].
function readLines(node) {
  const { data } = node;
  if (read.get(node)?.data !== data) {
    const lines = [];
    let offset = 0;
    for (const line of data.split('\n')) {
      lines.push([offset, squeeze(line)]);
      offset += line.length + 1;
    }
    read.set(node, { data, lines });
  }
  return read.get(node).lines;
}

// The text of a document without spaces: wraps and gaps differ from channel to channel.
class PageText {
  constructor(doc) {
    this.doc = doc;
    this.pieces = []; // [text node, offset of a line in it]
    this.starts = []; // of each piece, in `text`
    this.lines = [0]; // where lines of the page begin, in `text`
    this.links = []; // [start, end, href]
    this.length = 0;
    this.text = '';
    const texts = [];
    if (doc.body) this.visit(doc.body, texts);
    this.text = texts.join('');
  }

  visit(element, texts) {
    const isLine = !INLINE.has(element.tagName);
    if (isLine) this.beginLine();
    const start = this.length;
    for (let node = element.firstChild; node; node = node.nextSibling) {
      if (node.nodeType === Node.TEXT_NODE) this.addText(node, texts);
      else if (node.nodeType === Node.ELEMENT_NODE && !SKIPPED.has(node.tagName)) this.visit(node, texts);
    }
    if (element.tagName === 'A' && element.hasAttribute('href')) this.links.push([start, this.length, element.getAttribute('href')]);
    if (isLine) this.beginLine();
  }

  addText(node, texts) {
    for (const [offset, squeezed] of readLines(node)) {
      if (offset) this.beginLine();
      this.pieces.push([node, offset]);
      this.starts.push(this.length);
      texts.push(squeezed);
      this.length += squeezed.length;
    }
  }

  beginLine() {
    if (this.lines.at(-1) !== this.length) this.lines.push(this.length);
  }

  // the start of the line that `index` is in
  line(index) {
    return this.lines[findLast(this.lines, index)];
  }

  node(index) {
    return this.pieces[findLast(this.starts, index)][0];
  }

  // the node and the offset of a character
  place(index) {
    const which = findLast(this.starts, index);
    const [node, from] = this.pieces[which];
    let left = index - this.starts[which];
    for (let offset = from; offset < node.data.length; offset += 1) {
      if (!squeeze(node.data[offset])) continue;
      if (!left) return [node, offset];
      left -= 1;
    }
    return [node, node.data.length];
  }

  range(start, end) {
    const range = this.doc.createRange();
    const [last, offset] = this.place(end - 1);
    range.setStart(...this.place(start));
    range.setEnd(last, Math.min(offset + 1, last.data.length));
    return range;
  }
}

// the index of the last of the ascending `values` that is at most `value`
function findLast(values, value) {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (values[middle] <= value) low = middle; else high = middle - 1;
  }
  return low;
}

function* occurrences(text, part) {
  for (let at = text.indexOf(part), count = 0; at >= 0 && count < MAX_PLACES; at = text.indexOf(part, at + 1), count += 1) yield at;
}

// The candidates for an item, each [start, end, score].
function findCandidates(page, item, hrefs) {
  const title = squeeze(item.title);
  const url = squeeze(item.url || '');
  const element = page.doc.getElementById(item.id); // on a web page
  const found = [];
  const add = (start, end, base) => {
    let score = base;
    const line = page.line(start);
    if (line === start || MARKER.test(page.text.slice(line, start))) score += 4;
    else if (start - line <= MAX_PREFIX) score += 1;
    if (page.line(end) === end) score += 1;
    if (url) {
      if (hrefs.some(([from, to]) => from <= start && end <= to)) score += 4;
      else if (page.text.startsWith(url, end) || page.text.slice(end, end + NEAR).includes(url)) score += 3;
      else if (hrefs.some(([from]) => from >= start && from < end + NEAR)) score += 2;
    }
    if (element?.contains(page.node(start))) score += 8;
    found.push([start, end, score]);
  };
  if (title) for (const start of occurrences(page.text, title)) add(start, start + title.length, 20);
  if (!found.length) {
    for (const [start, end] of hrefs) if (end > start) add(start, end, 10);
    if (url) for (const start of occurrences(page.text, url)) add(start, start + url.length, 8);
    const prefix = title.slice(0, PREFIX);
    if (prefix.length === PREFIX) for (const start of occurrences(page.text, prefix)) add(start, start + PREFIX, 8);
  }
  return found.sort((a, b) => a[0] - b[0]);
}

// Of each item at most one candidate, in order and without overlaps, so that the sum of scores is largest; of equal
// sums the one later in the page, because contents come before what they list.
function chooseInOrder(candidates) {
  const best = [{ end: 0, score: 0, item: -1, start: 0, before: null }]; // ends and scores ascend
  // the index of the last one that ends at `end` or before it
  const findEnd = (end) => {
    let [low, high] = [0, best.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (best[middle].end <= end) low = middle; else high = middle - 1;
    }
    return low;
  };
  for (const [item, places] of candidates.entries()) {
    const added = places.map(([start, end, score]) => {
      const before = best[findEnd(start)];
      return { item, start, end, score: before.score + score, before };
    });
    for (const chain of added) {
      const last = findEnd(chain.end);
      if (best[last].score > chain.score) continue;
      let after = last + 1;
      while (after < best.length && best[after].score < chain.score) after += 1;
      best.splice(last + 1, after - last - 1, chain);
    }
  }
  const chosen = new Map();
  for (let chain = best.at(-1); chain.before; chain = chain.before) chosen.set(chain.item, chain);
  return chosen;
}

// Returns what was found of `items`, in their order: {id, range}.
export function findItems(doc, items) {
  const page = new PageText(doc);
  const byHref = Map.groupBy(page.links, ([, , href]) => href);
  const chosen = chooseInOrder(items.map((item) => findCandidates(page, item, (item.url && byHref.get(item.url)) || [])));
  return [...chosen.values()].reverse().map(({ item, start, end }) => ({ id: items[item].id, range: page.range(start, end) }));
}
