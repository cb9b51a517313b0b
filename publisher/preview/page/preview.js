// The preview page: it shows the state of the server, and joins the panes with the source.

import { Board } from './board.js';
import { connect } from './connection.js';
import { copyArticle } from './copy.js';
import { Side } from './side.js';
import { makeButton, Toolbar } from './toolbar.js';
import { chooseWords } from './words.js';

const SLOW = 500; // ms after which it is said that an issue is being rendered
const COPIED = 1500; // ms for which the button says that the article was copied
const byId = (id) => document.getElementById(id);

const texts = new Map(); // the documents of the panes, by URL
let state;
let words = chooseWords(navigator.language);
let board;
let side;
let toolbar;
let article = ''; // the WeChat article, as it is sent
let isGone = false;
let notice = ''; // what the server said of the last request

let newest; // the state that arrived last, until it is shown
let isShowing = false;
let slowness; // the timer for what takes long to render
let isSlow = false;

// Takes a state and the documents that this page does not have, and shows it; what arrives meanwhile is shown afterwards.
async function receive({ documents, ...next }) {
  for (const [url, text] of Object.entries(documents)) texts.set(url, text);
  const shown = new Set(next.panes.map(({ url }) => url));
  for (const url of texts.keys()) if (!shown.has(url)) texts.delete(url);
  newest = next;
  if (isShowing) return;
  isShowing = true;
  try {
    while (newest) {
      const now = newest;
      newest = undefined;
      await show(now);
    }
  } finally {
    isShowing = false;
  }
}

async function show(next) {
  const isOther = state?.issue.path !== next.issue.path;
  state = next;
  notice = '';
  isSlow &&= state.pending;
  clearTimeout(slowness);
  if (state.pending) slowness = setTimeout(() => { isSlow = true; showStatus(); }, SLOW);
  if (!board) start();
  document.title = `${state.issue.title} · ${words.preview}`;
  byId('name').textContent = state.name || words.preview;
  showStatus();
  toolbar.show(state);
  if (isOther) pick(undefined);
  const { dataset } = document.documentElement;
  const showRest = await board.show(state, texts, isOther);
  if (board.isSettled) dataset.seen = state.version; // what is in sight shows it now
  if (state.pending) return;
  await nextPaint();
  side.show(state, board.was);
  await showRest();
  dataset.version = state.version; // all panes show it now
  requestIdleCallback(findItems);
  readArticle();
}

// One pane after the other, so that the page answers meanwhile.
function findItems() {
  if (board.findItems()) requestIdleCallback(findItems);
}

// Ends when what was changed is painted; in a window that is not shown, where nothing is, at once.
const nextPaint = () => (document.hidden ? null : new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve)); }));

function start() {
  words = chooseWords(state.lang || 'en');
  document.documentElement.lang = state.lang || 'en';
  byId('side').setAttribute('aria-label', words.issue);
  const open = (id) => openEditor(state.items.find((item) => item.id === id)?.line);
  board = new Board(byId('panes'), byId('pane'), words, { pick, open, see: (channels) => post('/sight', { channels }) });
  side = new Side(words, { pick, open: openEditor });
  toolbar = new Toolbar(words, board, (path) => post('/issue', { path }));
  addEventListener('keydown', ({ key }) => { if (key === 'Escape') pick(undefined); });
}

// Marks an item everywhere; `from` is the pane that it was picked in.
function pick(id, from) {
  side.light(id);
  board.light(id, from);
}

// -------------------------------------------------------------- the article

// Takes the article from the document of its pane, in which it is as it is sent: on the server there may be a newer one.
function readArticle() {
  const text = texts.get(state.panes.find(({ name }) => name === 'wechat')?.url);
  if (text === undefined) return;
  const [start, end] = ['<main id="content">', '</main>'];
  article = text.slice(text.indexOf(start) + start.length, text.lastIndexOf(end));
  const button = byId('copy') ?? addCopyButton();
  button.disabled = !article;
}

function addCopyButton() {
  const pane = board.panes.get('wechat');
  const button = makeButton(words.copy, () => {
    if (!copyArticle(article, pane.doc)) return;
    button.textContent = words.copied;
    setTimeout(() => { button.textContent = words.copy; }, COPIED);
  });
  button.id = 'copy';
  pane.element.querySelector('header').append(button);
  return button;
}

// --------------------------------------------------------------- the server

function showStatus() {
  const { draft, unsaved, broken } = state ?? {};
  const facts = [isSlow ? words.rendering : words.live, draft && words.draft, unsaved && words.unsaved].filter(Boolean);
  byId('status').textContent = isGone || !state ? '' : facts.join(' · ');
  document.documentElement.classList.toggle('gone', isGone);
  document.documentElement.classList.toggle('slow', isSlow);
  const text = isGone ? words.gone : broken ? words.broken + broken : notice;
  byId('banner').hidden = !text;
  if (byId('banner').textContent !== text) byId('banner').textContent = text;
}

async function post(path, body) {
  const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }).catch(() => null);
  if (!answer || answer.status === 204) return {};
  return answer.json();
}

// Has the server open the line in the editor, or follows the URL of the editor that it answers.
async function openEditor(line) {
  if (!line || !state.editor) return;
  const { url, error } = await post('/open', { line });
  if (url) location.href = url;
  notice = error ?? '';
  showStatus();
}

function setGone(value) {
  isGone = value;
  showStatus();
}

connect({ onState: receive, onLive: () => setGone(false), onGone: () => setGone(true) });
