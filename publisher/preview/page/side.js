// The list beside the panes: problems, limits and items.

import { findNow } from './change.js';
import { nameLimit } from './words.js';

const LEVELS = ['error', 'warning'];

const make = (tag, attributes = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
};

const byId = (id) => document.getElementById(id);

export class Side {
  constructor(words, on) {
    this.words = words;
    this.on = on; // what is called: pick(id), open(line)
    this.contents = new Map(); // of the parts, as text
    for (const list of ['problems', 'items']) byId(list).addEventListener('keydown', moveFocus);
  }

  // `was` has the ids that the items had before.
  show({ problems, budgets, items, editor }, was) {
    const [kind, id, ...rest] = document.activeElement?.dataset.key?.split(' ') ?? [];
    const focused = kind && [kind, findNow(id, was), ...rest].join(' ');
    this.lit = findNow(this.lit, was);
    this.editor = editor;
    this.update('limits', [budgets], () => this.showLimits(budgets));
    const [rows, faulty] = [items.map(({ id, title, line }) => [id, title, line]), problems.map(({ item }) => item)];
    const isOther = [
      this.update('problems', [problems, editor], () => this.showProblems(problems)),
      this.update('items', [rows, faulty, editor], () => this.showItems(items, problems)),
    ];
    if (!isOther.includes(true)) return;
    this.light(this.lit);
    if (focused) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  // Shows a part of the list if its content is another one; returns whether it is.
  update(part, content, show) {
    const text = JSON.stringify(content);
    if (this.contents.get(part) === text) return false;
    this.contents.set(part, text);
    show();
    return true;
  }

  title(id, text, count) {
    byId(id).replaceChildren(text, make('span', { className: 'count', textContent: count ? String(count) : '' }));
  }

  showProblems(problems) {
    this.title('problems-title', this.words.problems, problems.length);
    const rank = ({ level }) => LEVELS.indexOf(level) + LEVELS.length * (LEVELS.indexOf(level) < 0);
    const sorted = [...problems].sort((a, b) => rank(a) - rank(b) || a.line - b.line);
    byId('problems').replaceChildren(...sorted.map((problem, index) => this.problem(problem, index)));
    if (!problems.length) byId('problems').append(make('li', { className: 'none', textContent: this.words.none }));
  }

  problem({ level, code, message, hint, line, item }, index) {
    const pick = make('button', { type: 'button', className: 'pick' }, make('span', { className: `level ${level}`, textContent: this.words[level] ?? level }), ` ${message}`);
    if (hint) pick.append(make('span', { className: 'hint', textContent: hint }));
    pick.title = code;
    pick.dataset.key = `problem ${index} ${code}`;
    if (item) pick.dataset.item = item;
    pick.addEventListener('click', () => this.on.pick(item));
    return make('li', {}, pick, this.lineButton(line, `problem-line ${index} ${code}`));
  }

  lineButton(line, key) {
    if (!line) return '';
    const { words, editor } = this;
    if (!editor) return make('span', { className: 'line', textContent: String(line) });
    const button = make('button', { type: 'button', className: 'line', textContent: String(line), title: words.open });
    button.setAttribute('aria-label', `${words.open}: ${words.line} ${line}`);
    button.dataset.key = key;
    button.addEventListener('click', () => this.on.open(line));
    return button;
  }

  showLimits(budgets) {
    this.title('limits-title', this.words.limits, 0);
    const rows = Map.groupBy(budgets, ({ channel }) => channel);
    byId('limits').replaceChildren(...[...rows].flatMap(([channel, limits]) => [
      make('dt', { textContent: this.words.names[channel] ?? channel }), ...limits.map((limit) => showLimit(limit, (name) => nameLimit(this.words, name))),
    ]));
  }

  showItems(items, problems) {
    this.title('items-title', this.words.items, items.length);
    const faulty = new Set(problems.map(({ item }) => item));
    byId('items').replaceChildren(...items.map(({ id, title, line }) => {
      const pick = make('button', { type: 'button', className: 'pick', title }, make('span', { textContent: title }));
      pick.classList.toggle('faulty', faulty.has(id));
      pick.dataset.key = `item ${id}`;
      pick.dataset.item = id;
      pick.addEventListener('click', () => this.on.pick(id));
      return make('li', {}, pick, this.lineButton(line, `line ${id}`));
    }));
  }

  // Marks the entries of an item.
  light(id) {
    this.lit = id;
    for (const entry of document.querySelectorAll('#side [data-item]')) {
      if (entry.dataset.item === id) entry.setAttribute('aria-current', 'true'); else entry.removeAttribute('aria-current');
    }
    document.querySelector('#items [aria-current]')?.scrollIntoView({ block: 'nearest' });
  }
}

function showLimit({ label, used, limit, unit }, translate) {
  const number = (value) => value.toLocaleString('en');
  const numbers = [number(used), ...(limit ? ['/', number(limit)] : []), ...(unit !== label ? [translate(unit)] : [])].join(' ');
  const row = make('dd', { className: limit && used > limit ? 'over' : '' }, make('span', { textContent: translate(label) }),
    make('span', { className: 'numbers', textContent: numbers }));
  if (!limit) return row; // a number to know, without a limit
  // With its optimum at 0, a browser shows what is above `high` in red, and what is above `low` as a warning. Lines of a
  // mail are as long as they may be.
  const low = unit === 'columns' ? limit : limit * 0.9;
  const meter = make('meter', { max: Math.max(limit, used), value: used, low, high: limit, optimum: 0 });
  meter.setAttribute('aria-label', `${translate(label)}, ${translate(unit)}`);
  row.append(meter);
  return row;
}

// Arrow keys move through a list, as well as the tabulator.
function moveFocus(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const buttons = [...event.currentTarget.querySelectorAll('.pick')];
  const index = buttons.indexOf(event.target);
  if (!step || index < 0) return;
  event.preventDefault();
  buttons[Math.min(buttons.length - 1, Math.max(0, index + step))].focus();
}
