// The bar at the top: the issue, the panes that are shown, their size, light or dark.

import { save, settings, ZOOMS } from './settings.js';

const byId = (id) => document.getElementById(id);

export function makeButton(label, onClick) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = label;
  button.addEventListener('click', onClick);
  return button;
}

export class Toolbar {
  // `onIssue` is called with the path of the issue that was chosen.
  constructor(words, board, onIssue) {
    this.board = board;
    byId('issues').setAttribute('aria-label', words.issue);
    byId('toggles').setAttribute('aria-label', words.panes);
    byId('zooms').setAttribute('aria-label', words.zoom);
    byId('scheme').textContent = words.dark;
    byId('issues').addEventListener('change', (event) => onIssue(event.target.value));
    byId('scheme').addEventListener('click', () => this.set({ scheme: settings.scheme === 'dark' ? 'light' : 'dark' }));
    byId('zooms').replaceChildren(...ZOOMS.map((zoom) => makeButton(`${zoom} %`, () => this.set({ zoom }))));
    this.press();
  }

  show({ panes, issue, issues }) {
    const names = panes.map(({ name }) => name).join(' ');
    if (this.names !== names) {
      this.names = names;
      byId('toggles').replaceChildren(...panes.map((info) => {
        const button = makeButton(this.board.label(info), () => this.toggle(info.name));
        button.dataset.pane = info.name;
        return button;
      }));
    }
    this.press();
    if (document.activeElement !== byId('issues')) this.showIssues(issue, issues);
  }

  showIssues(current, issues) {
    const content = JSON.stringify([current.path, issues]);
    if (content === this.content) return;
    this.content = content;
    const isListed = issues.some(({ path }) => path === current.path);
    const listed = isListed ? issues : [current, ...issues]; // only the newest are listed
    byId('issues').replaceChildren(...listed.map(({ path, title, date }) => {
      const isCurrent = path === current.path;
      return new Option([date, title].filter(Boolean).join(' · '), path, isCurrent, isCurrent);
    }));
  }

  toggle(name) {
    this.board.toggle(name);
    this.set({});
  }

  set(changes) {
    Object.assign(settings, changes);
    save();
    this.press();
    this.board.resize();
  }

  press() {
    const press = (button, isPressed) => button.setAttribute('aria-pressed', String(isPressed));
    for (const button of byId('toggles').children) press(button, !settings.hidden.has(button.dataset.pane));
    for (const [index, button] of [...byId('zooms').children].entries()) press(button, ZOOMS[index] === settings.zoom);
    press(byId('scheme'), settings.scheme === 'dark');
    document.documentElement.classList.toggle('dark', settings.scheme === 'dark');
  }
}
