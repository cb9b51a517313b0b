// The smallest element that contains all of an edit, found in the texts of the document before and after it: to parse and
// compare whole documents, of which most is what it was, takes longer than all else.

// comments, elements whose content is no markup, and tags
const MARKUP = /<!--[\s\S]*?-->|<(style|script|title|textarea)\b[\s\S]*?<\/\1\s*>|<(\/?)([a-z][\w-]*)(?:"[^"]*"|'[^']*'|[^"'>])*>/gi;
const VOID = new Set('area base br col embed hr img input link meta source track wbr'.split(' '));

// Returns how many characters are the same at the start, and of the others at the end.
function measureCommon(old, now) {
  const most = Math.min(old.length, now.length);
  let [start, end] = [0, 0];
  while (start < most && old.charCodeAt(start) === now.charCodeAt(start)) start += 1;
  while (end < most - start && old.charCodeAt(old.length - 1 - end) === now.charCodeAt(now.length - 1 - end)) end += 1;
  return [start, end];
}

// Returns the elements that contain the characters from `from` to `to`, the outermost first: each with its name, its index
// among the elements of its parent, and where it begins and ends in the text. None if the text is not well-formed.
function findAround(text, from, to) {
  const [open, around] = [[{ count: 0 }], []];
  for (const { 0: tag, 1: raw, 2: slash, 3: name, index: start } of text.matchAll(MARKUP)) {
    const parent = open.at(-1);
    const end = start + tag.length;
    if (slash) {
      open.pop();
      if (parent.name !== name) return [];
      if (parent.inside <= from && to <= start) around.unshift({ ...parent, end });
    } else if (raw ?? name) {
      if (name && !VOID.has(name)) open.push({ name, at: parent.count, start, inside: end, count: 0 });
      parent.count += 1;
    }
  }
  return open.length === 1 ? around : [];
}

// Returns the last element that is around the difference in both texts: its `path` of {name, at} from the root, and its own
// text in each as `before` and `after`; undefined if that is the root itself.
function findFragment(old, now) {
  const [start, rest] = measureCommon(old, now);
  const [before, after] = [old, now].map((text) => findAround(text, start, text.length - rest));
  const isSame = (one, other) => other && one.start === other.start && one.name === other.name && old.length - one.end === now.length - other.end;
  const depth = before.findIndex((one, index) => !isSame(one, after[index]));
  const shared = before.slice(0, depth < 0 ? undefined : depth);
  if (shared.length < 2) return undefined;
  const [one, other] = [shared.at(-1), after[shared.length - 1]];
  return { path: shared.slice(1), before: old.slice(one.start, one.end), after: now.slice(other.start, other.end) };
}

// Returns the element of a document that contains all of what differs, and its successor: `old` is the text that the document
// was read from, `now` the text that takes its place. Undefined if there is none, or if the document is not as its text says.
export function findEdited(doc, old, now) {
  const fragment = findFragment(old, now);
  if (!fragment) return undefined;
  const read = (html) => {
    const template = doc.createElement('template'); // in which nothing is loaded
    template.innerHTML = html;
    const { childNodes } = template.content;
    return childNodes.length === 1 ? childNodes[0] : undefined; // more if the parser closes or moves an element
  };
  let element = doc.documentElement;
  for (const { name, at } of fragment.path) {
    element = element.children[at];
    if (element?.localName !== name) return undefined;
  }
  const [before, after] = [read(fragment.before), read(fragment.after)];
  return before && after && element.isEqualNode(before) ? [element, after] : undefined;
}
