// Uses the search of a site in Chromium as a reader does, and prints what happened as JSON. The pages are served with
// a strict Content-Security-Policy.
// arguments: BASE FOLDER STEPS      STEPS: JSON [[action, argument], ...], see `act`;
// without steps, what is seen where scripts are off
const { open } = require('./site.cjs');

const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; img-src 'self'";

// counts the timers that have not run yet, in `waiting`
function countTimers() {
  const { setTimeout: set, clearTimeout: clear } = window, open = new Set();
  Object.defineProperty(window, 'waiting', { get: () => open.size });
  window.setTimeout = (act, delay) => {
    const timer = set(() => { open.delete(timer); act(); }, delay);
    open.add(timer);
    return timer;
  };
  window.clearTimeout = (timer) => { open.delete(timer); clear(timer); };
}

// Events such as that of scrolling come with a frame: two frames later they have come. Then the search has ended when it
// neither waits for more letters nor reads a year.
async function see(page) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await page.waitForFunction(() => !waiting && reading !== turn);
  return page.evaluate(() => ({
    status: document.getElementById('found').textContent,
    hits: [...document.querySelectorAll('#hits li')].map((row) => row.innerText.replace(/\s+/g, ' ').trim()),
    links: [...document.querySelectorAll('#hits a')].map((link) => link.getAttribute('href')),
    marked: [...document.querySelectorAll('mark')].map((mark) => mark.textContent),
    elements: document.querySelectorAll('#hits img, #hits script').length,
    older: !document.getElementById('older').hidden,
    index: !document.getElementById('all').hidden,
    form: getComputedStyle(document.querySelector('form.search')).display !== 'none',
    focused: document.activeElement.tagName,
    address: location.search,
  }));
}

async function act(page, base, requests, [action, argument]) {
  if (action === 'open') await page.goto(`${base}search/${argument}`, { waitUntil: 'load' });
  if (action === 'type') await page.fill('#q', argument);
  if (action === 'press') await page.press('#q', argument);
  if (action === 'older') await page.evaluate(() => document.getElementById('older').click()); // without scrolling
  if (action === 'scroll') await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  if (action === 'run') return page.evaluate(argument);
  return { ...await see(page), requests: requests.splice(0) };
}

exports.run = async (browser, print, base, folder, steps) => {
  const said = [];
  const view = { viewport: { width: 390, height: 700 }, javaScriptEnabled: steps !== '[]' };
  const page = await open(browser, base, folder, view, (what) => said.push(what), {
    'Content-Security-Policy': POLICY,
  });
  await page.addInitScript(countTimers);
  const requests = [];
  await page.route(`${base}**`, async (route) => {
    requests.push(route.request().url().slice(base.length).replace(/\?.*/, ''));
    await route.fallback();
  });
  page.on('console', (message) => message.type() === 'error' && said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  page.on('dialog', (dialog) => { said.push(`dialog: ${dialog.message()}`); return dialog.dismiss(); });
  const seen = [];
  if (steps === '[]') {
    await page.goto(`${base}search/`, { waitUntil: 'load' });
    seen.push({ form: await page.isVisible('form.search'), text: await page.innerText('main') });
  }
  for (const step of JSON.parse(steps)) seen.push(await act(page, base, requests, step));
  print(JSON.stringify({ seen, said }));
};
