// Opens pages in Chromium as a phone and as a desk would, light and dark, and prints one line per finding:
// axe-core's violations of WCAG 2.2 A and AA and of its best practices, console errors, requests that leave
// the site, sideways scrolling. Nothing is fetched: every address below BASE is answered from the folder SITE.
// usage: node browser.cjs CHROMIUM BASE SITE PICTURES ADDRESS...      PICTURES: folder for screenshots, or ""
const fs = require('node:fs');
const path = require('node:path');
const { chromium } = require('playwright-core');

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const VIEWS = [[320, 'light'], [320, 'dark'], [1280, 'light'], [1280, 'dark']];
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
  '--disable-background-networking', '--disable-component-update'];
const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.svg': 'image/svg+xml',
  '.xml': 'application/xml', '.json': 'application/json', '.png': 'image/png' };

const [program, base, site, pictures, ...addresses] = process.argv.slice(2);

function answer(route, say) {
  const url = new URL(route.request().url());
  if (!url.href.startsWith(base)) {
    say(`outside request: ${url.href}`);
    return route.abort();
  }
  let file = path.join(site, decodeURIComponent(url.href.slice(base.length).replace(/[?#].*/, '')));
  if (url.pathname.endsWith('/')) file = path.join(file, 'index.html');
  if (!fs.existsSync(file)) return route.fulfill({ status: 404, body: 'not found' });
  return route.fulfill({ body: fs.readFileSync(file), contentType: TYPES[path.extname(file)] || 'text/plain' });
}

async function judge(browser, address, width, colorScheme) {
  const say = (what) => console.log(`${address} [${width} px, ${colorScheme}] ${what}`);
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
  await context.route('**/*', (route) => answer(route, say));
  const page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && say(`console: ${message.text()}`));
  page.on('pageerror', (error) => say(`script: ${error.message}`));
  await page.goto(address, { waitUntil: 'load' });
  const over = await page.evaluate(() => {
    const html = document.documentElement;
    return html.scrollWidth - html.clientWidth;
  });
  if (over > 0) say(`scrolls sideways by ${over} px`);
  if (pictures) {
    const name = address.slice(base.length).replace(/\/$/, '').replace(/[^\w-]+/g, '-') || 'index';
    await page.screenshot({ path: path.join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true });
  }
  await page.evaluate(AXE);
  const options = { runOnly: RULES, resultTypes: ['violations'] };
  const found = await page.evaluate((wanted) => window.axe.run(document, wanted), options);
  for (const { impact, id, help, nodes } of found.violations) {
    say(`${impact} ${id}: ${help} (${nodes.length}x, e.g. ${nodes[0].html.slice(0, 90)})`);
  }
  await context.close();
}

(async () => {
  const browser = await chromium.launch({ executablePath: program, args: QUIET });
  for (const address of addresses) {
    for (const [width, scheme] of VIEWS) await judge(browser, address, width, scheme);
  }
  await browser.close();
})().catch((error) => {
  console.error(error);
  process.exit(2);
});
