// Opens the pages for subscribers of a running server in Chromium, with its headers, and prints one line per finding:
// axe-core's violations, errors of the console (what its Content-Security-Policy refuses is one), requests to other
// hosts, sideways scrolling. With --sign-up, it fills in the form at the last address, and prints what the next page says.
// usage: node subscriber.cjs CHROMIUM [--sign-up] ADDRESS...
const fs = require('node:fs');
const { launch } = require('./site.cjs');

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const VIEWS = [[320, 'light'], [1280, 'dark']];
const [program, ...rest] = process.argv.slice(2);
const addresses = rest.filter((one) => one !== '--sign-up');

async function open(browser, address, width, colorScheme) {
  const say = (what) => console.log(`${new URL(address).pathname} [${width} px, ${colorScheme}] ${what}`);
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
  const page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && say(`console: ${message.text()}`));
  page.on('pageerror', (error) => say(`script: ${error.message}`));
  page.on('request', (request) => {
    if (!request.url().startsWith('data:') && new URL(request.url()).origin !== new URL(address).origin) {
      say(`outside request: ${request.url()}`);
    }
  });
  await page.goto(address, { waitUntil: 'networkidle' });
  return [page, say];
}

async function judge(page, say) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (over > 0) say(`scrolls sideways by ${over} px`);
  await page.evaluate(AXE);
  const options = { runOnly: RULES, resultTypes: ['violations'] };
  const found = await page.evaluate((wanted) => window.axe.run(document, wanted), options);
  for (const { impact, id, help, nodes } of found.violations) {
    say(`${impact} ${id}: ${help} (${nodes.length}x, e.g. ${nodes[0].html.slice(0, 90)})`);
  }
}

async function signUp(page) {
  await page.fill('#address', 'ana@example.org');
  if (await page.$('altcha-widget')) {
    await page.press('altcha-widget input[type=checkbox]', 'Space');
    await page.waitForFunction(() => document.querySelector('altcha-widget').getState() === 'verified');
  }
  await page.waitForTimeout(3500); // a form that is sent faster was filled in by a program
  await page.click('button[name=act]');
  await page.waitForLoadState();
  console.log((await page.textContent('[role=status]')).trim());
}

(async () => {
  const browser = await launch(program);
  for (const address of addresses) {
    for (const [width, scheme] of VIEWS) {
      const [page, say] = await open(browser, address, width, scheme);
      await judge(page, say);
      if (rest.includes('--sign-up') && address === addresses.at(-1) && scheme === 'light') await signUp(page);
      await page.context().close();
    }
  }
  await browser.close();
})().catch((error) => {
  console.error(error);
  process.exit(2);
});
