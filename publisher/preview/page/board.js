// All panes side by side: which there are, how large they are, and that they show the same item.

import { findChange, findNow } from './change.js';
import { follow } from './follow.js';
import { measurePane } from './layout.js';
import { Pane } from './pane.js';
import { settings } from './settings.js';

export class Board {
  // `on` has what is called: pick(id, pane), open(id), see(channels).
  constructor(element, template, words, on) {
    this.element = element;
    this.template = template;
    this.words = words;
    this.on = on;
    this.panes = new Map(); // by name
    this.items = []; // of the last state that all channels had rendered
    this.isSettled = false; // whether what is in sight is as it will be
    this.inSight = new Set(); // names of panes
    this.watcher = new IntersectionObserver((entries) => this.watch(entries), { root: element });
    new ResizeObserver(() => this.state && this.resize()).observe(element);
  }

  label({ name, label }) {
    return this.words.names[name] ?? label;
  }

  get shown() {
    return [...this.panes.values()].filter(({ name, isLoaded }) => isLoaded && !settings.hidden.has(name));
  }

  // ---------------------------------------------------------------- content

  // Shows a state in the panes that are in sight, and returns the function that shows it in the others. `isOther`: it is
  // another issue than before. `texts` has the documents by URL.
  async show(state, texts, isOther) {
    const change = findChange(isOther ? [] : this.items, state.items);
    this.was = change.was;
    for (const pane of this.panes.values()) pane.lit = findNow(pane.lit, change.was);
    if (!state.pending) this.items = state.items;
    this.state = state;
    this.texts = texts;
    const names = new Set(state.panes.map(({ name }) => name));
    for (const [name, pane] of this.panes) {
      if (names.has(name)) continue;
      pane.element.remove();
      this.panes.delete(name);
    }
    state.panes.forEach((info, index) => this.panes.has(info.name) || this.add(info, state.panes.slice(index + 1)));
    for (const { name, fault } of state.panes) this.panes.get(name).mark(fault && this.words.outdated + fault);
    const layout = JSON.stringify(state.panes.map(({ name, width, kind, scheme }) => [name, width, kind, scheme]));
    if (isOther || this.layout !== layout) this.resize();
    this.layout = layout;
    const showAll = async (infos) => {
      await Promise.all(infos.map((info) => this.showPane(info, change)));
      if (isOther) for (const pane of this.shown) if (infos.some(({ name }) => name === pane.name)) pane.scrollTo(0);
    };
    const inSight = state.panes.filter(({ name }) => this.isInSight(this.panes.get(name)));
    await showAll(inSight);
    this.isSettled = !inSight.some(({ pending }) => pending);
    return () => showAll(state.panes.filter((info) => !inSight.includes(info)));
  }

  // Says which channels have panes in sight, once they are others.
  watch(entries) {
    for (const { target, isIntersecting } of entries) this.inSight[isIntersecting ? 'add' : 'delete'](target.dataset.name);
    const channels = new Set(this.state.panes.filter(({ name }) => this.inSight.has(name)).map(({ channel }) => channel));
    if (this.seen?.symmetricDifference(channels).size === 0) return;
    this.seen = channels;
    this.on.see([...channels]);
  }

  isInSight({ element }) {
    const [{ left, right }, window] = [element.getBoundingClientRect(), this.element.getBoundingClientRect()];
    return left < window.right && right > window.left;
  }

  async showPane({ name, url, pending }, change = findChange([], [])) {
    if (settings.hidden.has(name)) return;
    const pane = this.panes.get(name);
    const isFirst = !pane.isLoaded;
    if (pending && !isFirst) return; // it shows the old text, in which the new items are not
    await pane.show(url, this.state, change, this.texts.get(url));
    if (isFirst) this.resize();
  }

  // Adds a pane, before the first of those after it that is there already: a frame that is moved loads its document again.
  add(info, following) {
    const element = this.template.content.cloneNode(true).firstElementChild;
    const [title, frame] = [element.querySelector('h2'), element.querySelector('iframe')];
    element.dataset.name = info.name;
    title.id = `pane-${info.name}`;
    title.textContent = frame.title = this.label(info);
    element.setAttribute('aria-labelledby', title.id);
    this.watcher.observe(element);
    this.element.insertBefore(element, following.map(({ name }) => this.panes.get(name)?.element).find(Boolean) ?? null);
    this.panes.set(info.name, new Pane(element, {
      lead: (pane) => { this.leader = pane; },
      scroll: (pane) => this.follow(pane),
      pick: this.on.pick,
      open: this.on.open,
      loadImages: () => this.shown.forEach((pane) => pane.loadImages(this.state.items)),
    }));
  }

  // Shows or hides a pane; one that was hidden shows what is newest.
  async toggle(name) {
    if (!settings.hidden.delete(name)) settings.hidden.add(name);
    this.resize();
    await this.showPane(this.state.panes.find((info) => info.name === name));
  }

  // ------------------------------------------------------------------ items

  // Scrolls the other panes to what the leader shows, once for each frame that is painted.
  follow(pane) {
    if (pane !== this.leader || this.isFollowing) return;
    this.isFollowing = true;
    requestAnimationFrame(() => {
      this.isFollowing = false;
      for (const other of this.shown) if (other !== pane) follow(pane, other);
    });
  }

  // Finds the items in a pane in which they were not sought, so that it need not be done when they are asked for. Returns
  // whether there was one.
  findItems() {
    return Boolean(this.shown.find(({ isStale }) => isStale)?.places);
  }

  // Lights up an item in all panes, and scrolls to it in all but the one that it was picked in.
  light(id, from) {
    this.leader = from;
    for (const pane of this.shown) {
      pane.light(id);
      if (id && pane !== from) pane.reveal(id);
    }
  }

  // ------------------------------------------------------------------- look

  resize() {
    const room = this.element.clientHeight;
    for (const info of this.state.panes) {
      const pane = this.panes.get(info.name);
      const { isPhone, ...size } = measurePane(info, info.kind === 'mail' ? pane.textWidth : 0, room, settings.zoom / 100);
      const screen = pane.element.querySelector('.screen');
      for (const [key, value] of Object.entries(size)) screen.style.setProperty(`--${key}`, value);
      screen.classList.toggle('phone', isPhone);
      pane.element.hidden = settings.hidden.has(info.name);
      pane.element.querySelector('header p').textContent = info.width ? `${info.width} px` : '';
      pane.dress(info.scheme || settings.scheme);
    }
  }
}
