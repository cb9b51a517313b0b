// Opens pages in Chromium as a phone and as a desk would, light and dark, and prints one line per finding:
// axe-core's violations of WCAG 2.2 A and AA and of its best practices, console errors, requests that leave
// the site, sideways scrolling.
// usage: node browser.cjs CHROMIUM BASE FOLDER ADDRESS...      FOLDER holds the site that is served at BASE
const fs = require('node:fs');
const { launch, open } = require('./site.cjs');

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const VIEWS = [[320, 'light'], [320, 'dark'], [1280, 'light'], [1280, 'dark']];
const [program, base, folder, ...addresses] = process.argv.slice(2);

async function judge(browser, address, width, colorScheme) {
  const say = (what) => console.log(`${address} [${width} px, ${colorScheme}] ${what}`);
  const view = { viewport: { width, height: 800 }, colorScheme };
  const page = await open(browser, base, folder, view, say);
  page.on('console', (message) => message.type() === 'error' && say(`console: ${message.text()}`));
  page.on('pageerror', (error) => say(`script: ${error.message}`));
  await page.goto(address, { waitUntil: 'load' });
  const over = await page.evaluate(() => {
    const html = document.documentElement;
    return html.scrollWidth - html.clientWidth;
  });
  if (over > 0) say(`scrolls sideways by ${over} px`);
  await page.evaluate(AXE);
  const options = { runOnly: RULES, resultTypes: ['violations'] };
  const found = await page.evaluate((wanted) => window.axe.run(document, wanted), options);
  for (const { impact, id, help, nodes } of found.violations) {
    say(`${impact} ${id}: ${help} (${nodes.length}x, e.g. ${nodes[0].html.slice(0, 90)})`);
  }
  await page.context().close();
}

(async () => {
  const browser = await launch(program);
  for (const address of addresses) {
    for (const [width, scheme] of VIEWS) await judge(browser, address, width, scheme);
  }
  await browser.close();
})().catch((error) => {
  console.error(error);
  process.exit(2);
});
