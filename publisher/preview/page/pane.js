/* global Idiomorph */
// One pane: a frame with what a channel made, exactly as it was made. This script reads the document, scrolls it and
// lights up ranges; it changes nothing in it, except that a new rendering is morphed into the old one.

import { findDifferences } from './difference.js';
import { LINE } from './follow.js';
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
    this.places = new Map(); // by id, in the order of the document
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

  // Shows a rendering: loads it the first time, and morphs it in afterwards. `read` fetches a text; `images` has the local
  // URLs of the newsletter's images; `change` is what changed, see `findChange`.
  async show(url, { items, images }, change, read) {
    this.images = images;
    if (!this.isLoaded) {
      await this.load(url, items);
    } else if (url === this.address) {
      this.find(items);
    } else {
      const text = await read(url);
      if (text === null) return; // a newer rendering took its place
      this.morph(text, items, change);
    }
    this.address = url;
    this.dress();
  }

  async load(url, items) {
    const loaded = new Promise((resolve) => { this.frame.addEventListener('load', resolve, { once: true }); });
    this.frame.src = this.loadsImages ? `${url}?images=1` : url;
    await loaded;
    this.listen();
    this.find(items);
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
    const before = this.measure();
    const restore = remember(this.doc);
    const fresh = new this.view.DOMParser().parseFromString(text, 'text/html');
    for (const [old, now] of findDifferences(this.doc.documentElement, fresh.documentElement)) {
      Idiomorph.morph(old, now, { morphStyle: 'outerHTML', head: { style: 'morph' }, restoreFocus: false });
    }
    restore();
    answerMedia(this.doc, this.scheme);
    this.find(items);
    const isSeen = (id) => before.get(was.get(id))?.isSeen;
    const anchor = isSeen(changed) && this.places.has(changed) ? changed : [...this.places.keys()].find(isSeen);
    if (anchor) this.scroller.scrollBy({ top: this.top(anchor) - before.get(was.get(anchor)).top, behavior: 'instant' });
    this.morphedAt = this.scrolled;
    if (this.places.has(changed) && !isSeen(changed) && !this.isInside(changed)) this.reveal(changed);
  }

  // Where an item begins in the window.
  top(id) {
    return this.places.get(id).range.getBoundingClientRect().top;
  }

  isInside(id) {
    return this.top(id) >= 0 && this.top(id) < this.scroller.clientHeight - LINE;
  }

  // By id, where each item begins in the window, and whether some of it can be seen.
  measure() {
    const height = this.scroller.clientHeight;
    const ids = [...this.places.keys()];
    const tops = ids.map((id) => this.top(id));
    return new Map(ids.map((id, index) => [id, { top: tops[index], isSeen: tops[index] < height && (tops[index + 1] ?? height) > 0 }]));
  }

  find(items) {
    this.places = new Map(findItems(this.doc, items).map((place) => [place.id, place]));
    this.measured = undefined;
    this.light(this.lit);
  }

  // ------------------------------------------------------------------- look

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
    const top = this.tops().get(id);
    if (top !== undefined) this.scrollTo(top - LINE);
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
