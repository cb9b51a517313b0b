// The style sheet that is adopted by the document of a pane, whose own elements and attributes stay as they were sent: it
// lights up ranges, and shows images that are not published yet, or that the policy of the frame does not load.

const BASIS = `
html { overflow-anchor: none; }
@media (max-width: 450px) { html { scrollbar-width: none; } } /* as on a phone, where they take no room */
::highlight(item) { background-color: #ffd84d; color: #1f1a00; }`;

// an image of another host: a box with its address
const BOX = `
  display: inline-block; box-sizing: border-box; min-width: 6em; max-width: 100%; min-height: 4.5em; padding: .75em 1em !important; border-radius: 6px;
  background: light-dark(#e4e4e4, #333); color: light-dark(#555, #bbb); font: 12px/1.4 system-ui, sans-serif; letter-spacing: 0; text-indent: 0;
  text-align: start; overflow: hidden; overflow-wrap: anywhere; cursor: pointer;`;

const quote = (text) => `"${CSS.escape(text)}"`;

// Returns its text. `images` has the local URLs of the newsletter's own images by the published ones; `loadsImages`:
// whether those of other hosts are loaded.
export function writeSheet(scheme, images, loadsImages) {
  const own = Object.entries(images).map(([url, local]) => `img[src=${quote(url)}] { content: url(${quote(location.origin + local)}); }`);
  const except = Object.keys(images).map((url) => `:not([src=${quote(url)}])`).join('');
  const other = `:is(img[src^="http"], img[src^="//"]):not([src^="${location.origin}/"])${except}`;
  const boxes = loadsImages ? [] : [`${other} { ${BOX} }`, `${other}::after { content: attr(src); display: block; }`];
  return [`:root { color-scheme: ${scheme} !important; }`, BASIS, ...own, ...boxes].join('\n');
}

// Whether an element is an image that is shown as a box.
export function isBox(element, images, loadsImages) {
  const src = element.localName === 'img' ? element.getAttribute('src') ?? '' : '';
  return !loadsImages && /^(https?:)?\/\//.test(src) && !src.startsWith(`${location.origin}/`) && !(src in images);
}

const MEDIA = new WeakMap(); // of each rule that asks for a scheme, as it was written
const ASKS = /\(\s*prefers-color-scheme\s*:\s*(\w+)\s*\)/g;
const [YES, NO] = ['(min-width: 0px)', '(max-width: -1px)'];

function* walk(rules) {
  for (const rule of rules) {
    if (MEDIA.has(rule) || rule.media?.mediaText.includes('prefers-color-scheme')) yield rule;
    if (rule.cssRules) yield* walk(rule.cssRules);
  }
}

// Has the document's own style sheets follow a scheme, whatever the system prefers.
export function answerMedia(doc, scheme) {
  for (const sheet of doc.styleSheets) {
    if (sheet.ownerNode.localName !== 'style') continue; // the rules of a data: URL cannot be read
    for (const rule of walk(sheet.cssRules)) {
      if (!MEDIA.has(rule)) MEDIA.set(rule, rule.media.mediaText);
      const media = MEDIA.get(rule).replace(ASKS, (_, asked) => (asked === scheme ? YES : NO));
      if (rule.media.mediaText !== media) rule.media.mediaText = media;
    }
  }
}
