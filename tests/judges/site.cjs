// A site as Chromium sees it at its own address: nothing is fetched, every address below BASE is answered
// from a folder, and any other is refused and passed to `say`.
const fs = require('node:fs');
const path = require('node:path');
const { chromium } = require('playwright-core');

const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
  '--disable-background-networking', '--disable-component-update'];

const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml',
  '.xml': 'application/xml', '.json': 'application/json', '.png': 'image/png' };

function answer(route, base, folder, say, headers) {
  const url = new URL(route.request().url());
  if (!url.href.startsWith(base)) {
    say(`outside request: ${url.href}`);
    return route.abort();
  }
  let file = path.join(folder, decodeURIComponent(url.href.slice(base.length).replace(/[?#].*/, '')));
  if (url.pathname.endsWith('/')) file = path.join(file, 'index.html');
  if (!fs.existsSync(file)) return route.fulfill({ status: 404, body: 'not found' });
  return route.fulfill({ body: fs.readFileSync(file), contentType: TYPES[path.extname(file)] || 'text/plain', headers });
}

exports.LONGEST = 600_000; // milliseconds: on a busy machine, a page may take a minute

exports.newContext = async (browser, view) => {
  const context = await browser.newContext(view);
  context.setDefaultTimeout(exports.LONGEST);
  return context;
};

exports.open = async (browser, base, folder, view, say, headers = {}) => {
  const context = await exports.newContext(browser, view);
  await context.route('**/*', (route) => answer(route, base, folder, say, headers));
  return context.newPage();
};

exports.launch = (executablePath) => chromium.launch({ executablePath, args: QUIET, timeout: exports.LONGEST });
