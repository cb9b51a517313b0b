/* global Idiomorph */
// One pane: a frame with what a channel made, exactly as it was made. This script reads the document, scrolls it and
// lights up ranges; it changes nothing in it, except that a new rendering is morphed into the old one.

import { findDifferences } from './difference.js';
import { LINE } from './follow.js';
import { findEdited } from './fragment.js';
import { remember } from './keep.js';
import { findItems } from './places.js';
import { answerMedia, isBox, writeSheet } from './sheet.js';

const LEADS = ['wheel', 'pointerdown', 'keydown', 'touchstart', 'focusin'];
const CONTROLS = 'input, summary, button';

export class Pane {
  // `on` has what is called: lead(pane), scroll(pane), pick(id, pane), open(id), loadImages().
  constructor(element, on) {
    this.element = element;
    this.frame = element.querySelector('iframe');
    this.name = element.dataset.name;
    this.on = on;
    this.found = new Map(); // the places of the items by id, in the order of the document
    this.sought = ''; // what was looked for
    this.images = {};
    this.loadsImages = false;
    this.scheme = 'light';
    element.addEventListener('pointerenter', () => on.lead(this));
  }

  get doc() { return this.frame.contentDocument; }

  get view() { return this.frame.contentWindow; }

  get scroller() { return this.doc.scrollingElement; }

  get isLoaded() { return Boolean(this.address); }

  // How wide its text is, if its lines have a width of their own, such as those of a mail.
  get textWidth() { return this.isLoaded ? this.doc.body.offsetWidth : 0; }

  // ---------------------------------------------------------------- content

  // Shows a rendering, whose document is `text`: loads it the first time, and morphs it in afterwards. `images` has the
  // local URLs of the newsletter's images; `change` is what changed, see `findChange`.
  async show(url, { items, images }, change, text) {
    this.images = images;
    if (!this.isLoaded) {
      await this.load(url, items);
      this.text = text;
    } else if (url === this.address) {
      this.seek(items);
    } else if (text !== undefined) {
      this.morph(text, items, change);
    } else {
      return; // a newer rendering takes its place
    }
    this.address = url;
    this.dress();
  }

  async load(url, items) {
    const loaded = new Promise((resolve) => { this.frame.addEventListener('load', resolve, { once: true }); });
    this.frame.src = this.loadsImages ? `${url}?images=1` : url;
    await loaded;
    this.listen();
    this.seek(items, true);
  }

  // Loads the document again, with a policy that allows images of other hosts.
  async loadImages(items) {
    if (this.loadsImages) return;
    this.loadsImages = true;
    const { scrolled } = this;
    await this.load(this.address, items);
    this.dress();
    this.scrollTo(scrolled);
  }

  // What can be seen stays where it is: the item that changed, or else the first one. If what changed is out of sight,
  // it is scrolled to.
  morph(text, items, { changed, was }) {
    const before = this.measureSeen();
    const texts = new Map([...before.keys(), was.get(changed)].map((id) => [id, String(this.places.get(id)?.range)]));
    const restore = remember(this.doc);
    for (const [old, now] of this.compare(text)) {
      Idiomorph.morph(old, now, { morphStyle: 'outerHTML', head: { style: 'morph' }, restoreFocus: false });
    }
    this.text = text;
    restore();
    answerMedia(this.doc, this.scheme);
    const { found } = this;
    this.seek(items, true);
    // Ranges follow their nodes. All items are found again later, or at once if one that is needed has other nodes now.
    const isKept = (id) => was.get(id) === id && found.has(id) && String(found.get(id).range) === texts.get(id);
    const top = (id) => (isKept(id) ? found : this.places).get(id)?.range.getBoundingClientRect().top;
    const isSeen = (id) => before.has(was.get(id));
    const anchor = [changed, ...items.map(({ id }) => id)].find((id) => isSeen(id) && top(id) !== undefined);
    if (anchor) this.scroller.scrollBy({ top: top(anchor) - before.get(was.get(anchor)), behavior: 'instant' });
    if (changed && !isSeen(changed)) {
      const at = top(changed);
      if (at < 0 || at >= this.scroller.clientHeight - LINE) this.scrollTo(at + this.scrolled - LINE);
    }
    this.morphedAt = this.scrolled;
  }

  // Returns the pairs of elements that differ from those of a text.
  compare(text) {
    const edited = this.text && findEdited(this.doc, this.text, text);
    if (edited) return findDifferences(...edited);
    const fresh = new this.view.DOMParser().parseFromString(text, 'text/html');
    return findDifferences(this.doc.documentElement, fresh.documentElement);
  }

  // Where an item begins in the window.
  top(id) {
    return this.places.get(id).range.getBoundingClientRect().top;
  }

  // By id, where the items begin in the window of which some can be seen.
  measureSeen() {
    const height = this.scroller.clientHeight;
    const ids = [...this.places.keys()];
    let [low, high] = [0, ids.length]; // the first one that begins below the top of the window
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.top(ids[middle]) > 0) high = middle; else low = middle + 1;
    }
    const seen = new Map();
    for (const id of ids.slice(Math.max(0, low - 1))) {
      const top = this.top(id);
      if (top >= height) break;
      seen.set(id, top);
    }
    return seen;
  }

  // The places of the items in the document, by id.
  get places() {
    if (this.isStale) {
      this.isStale = false;
      this.found = new Map(findItems(this.doc, this.items).map((place) => [place.id, place]));
      this.measured = undefined;
      this.light(this.lit);
    }
    return this.found;
  }

  // Has items found when their places are needed.
  seek(items, isChanged = false) {
    const sought = JSON.stringify(items.map(({ id, title, url }) => [id, title, url]));
    if (sought === this.sought && !isChanged) return;
    [this.items, this.sought, this.isStale] = [items, sought, true];
  }

  // ------------------------------------------------------------------- look

  // Marks it as out of date, with a note that says why the channel cannot render the issue as it is now; "" if it can.
  mark(note) {
    this.element.classList.toggle('outdated', Boolean(note));
    const line = this.element.querySelector('.note');
    if (line.textContent !== note) line.textContent = line.title = note;
  }

  // Applies the scheme and the style sheet of this page.
  dress(scheme = this.scheme) {
    this.scheme = scheme;
    if (!this.sheet) return;
    const text = writeSheet(scheme, this.images, this.loadsImages);
    if (this.sheetText === text) return;
    this.sheetText = text;
    this.sheet.replaceSync(text);
    answerMedia(this.doc, scheme);
  }

  // Lights up the title of an item.
  light(id) {
    this.lit = id;
    const { CSS: css, Highlight } = this.view;
    const range = this.places.get(id)?.range;
    if (range) css?.highlights?.set('item', new Highlight(range)); else css?.highlights?.delete('item');
  }

  // ----------------------------------------------------------------- scroll

  get scrolled() { return this.scroller.scrollTop; }

  get maxScroll() { return this.scroller.scrollHeight - this.scroller.clientHeight; }

  scrollTo(top) {
    if (Math.abs(top - this.scrolled) >= 1) this.scroller.scrollTo({ top, behavior: 'instant' });
  }

  reveal(id) {
    if (this.places.has(id)) this.scrollTo(this.top(id) + this.scrolled - LINE);
  }

  // By id, where the items begin, in pixels from the top of the document; measured again when its size changes.
  tops() {
    const { scrollHeight, clientWidth } = this.scroller;
    const size = `${scrollHeight} ${clientWidth}`;
    if (this.measured?.size !== size) {
      const tops = new Map();
      let last = -1;
      for (const [id, { range }] of this.places) {
        const top = range.getBoundingClientRect().top + this.scrolled;
        if (top <= last) continue;
        tops.set(id, top);
        last = top;
      }
      this.measured = { size, tops };
    }
    return this.measured.tops;
  }

  // ----------------------------------------------------------------- events

  listen() {
    const { doc, on } = this;
    for (const type of LEADS) doc.addEventListener(type, () => on.lead(this), { passive: true });
    doc.addEventListener('scroll', () => this.scrolled === this.morphedAt || on.scroll(this), { passive: true }); // by a person
    doc.addEventListener('click', (event) => this.click(event));
    doc.addEventListener('auxclick', (event) => this.leadAway(event));
    doc.addEventListener('dblclick', (event) => on.open(this.itemAt(event)));
    this.sheet = new this.view.CSSStyleSheet();
    this.sheetText = '';
    doc.adoptedStyleSheets = [this.sheet];
    this.dress();
  }

  click(event) {
    const { target } = event;
    if (isBox(target, this.images, this.loadsImages)) {
      event.preventDefault();
      this.on.loadImages();
    } else if (!this.leadAway(event) && !target.closest(CONTROLS)) {
      this.on.pick(this.itemAt(event), this);
    }
  }

  // Keeps the frame on its document: a link opens in a new tab, if the click asks for one. Returns whether the click
  // was for the link alone.
  leadAway(event) {
    const link = event.target.closest('a[href], area[href]');
    if (!link) return false;
    if (link.getAttribute('href').startsWith('#')) return true;
    event.preventDefault();
    const isAway = event.ctrlKey || event.metaKey || event.button === 1;
    if (isAway) open(link.href, '_blank', 'noopener,noreferrer');
    return isAway;
  }

  // The id of the item at the place of an event, undefined before the first one.
  itemAt({ clientX, clientY, target }) {
    const caret = this.doc.caretPositionFromPoint?.(clientX, clientY);
    const [node, offset] = caret ? [caret.offsetNode, caret.offset] : [target, 0];
    let found;
    for (const [id, { range }] of this.places) {
      if (range.comparePoint(node, offset) < 0) break;
      found = id;
    }
    return found;
  }
}
