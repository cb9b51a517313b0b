// Opens the pages for subscribers of a running server in Chromium, with its headers, and prints one line per finding:
// axe-core's violations, errors of the console (what its Content-Security-Policy refuses is one), requests to other
// hosts, sideways scrolling. With --sign-up, it fills in the form at the last address, and prints what the next page says.
// arguments: [--sign-up] ADDRESS...
const fs = require('node:fs');
const { newContext } = require('./site.cjs');

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const VIEWS = [[320, 'light'], [1280, 'dark']];

async function judge(page, say) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (over > 0) say(`scrolls sideways by ${over} px`);
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
  return (await page.textContent('[role=status]')).trim();
}

exports.run = async (browser, print, ...words) => {
  const addresses = words.filter((one) => one !== '--sign-up');
  for (const address of addresses) {
    let view = '';
    const say = (what) => print(`${new URL(address).pathname} [${view}] ${what}`);
    const page = await (await newContext(browser)).newPage();
    page.on('console', (message) => message.type() === 'error' && say(`console: ${message.text()}`));
    page.on('pageerror', (error) => say(`script: ${error.message}`));
    page.on('request', (request) => {
      if (!request.url().startsWith('data:') && new URL(request.url()).origin !== new URL(address).origin) {
        say(`outside request: ${request.url()}`);
      }
    });
    for (const [width, colorScheme] of VIEWS) {
      const isNew = !view;
      view = `${width} px, ${colorScheme}`;
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      if (isNew) {
        await page.goto(address, { waitUntil: 'networkidle' });
        await page.evaluate(AXE);
      }
      await judge(page, say);
    }
    if (words.includes('--sign-up') && address === addresses.at(-1)) print(await signUp(page));
    await page.context().close();
  }
};
