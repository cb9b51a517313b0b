// Opens pages in Chromium as a phone and as a desk would, light and dark, and prints one line per finding:
// axe-core's violations of WCAG 2.2 A and AA and of its best practices, console errors, requests that leave
// the site, sideways scrolling.
// arguments: BASE FOLDER ADDRESS...      FOLDER holds the site that is served at BASE
const fs = require('node:fs');
const { open } = require('./site.cjs');

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const COLOURS = ['color-contrast', 'link-in-text-block'];
// each width and each scheme gets all rules once; what they are together decides about colours only
const VIEWS = [[320, 'light', RULES], [320, 'dark', COLOURS], [1280, 'dark', RULES], [1280, 'light', COLOURS]];

async function judge(browser, print, base, folder, address) {
  let view = '';
  const say = (what) => print(`${address} [${view}] ${what}`);
  const page = await open(browser, base, folder, {}, say);
  page.on('console', (message) => message.type() === 'error' && say(`console: ${message.text()}`));
  page.on('pageerror', (error) => say(`script: ${error.message}`));
  for (const [width, colorScheme, runOnly] of VIEWS) {
    const isNew = !view;
    view = `${width} px, ${colorScheme}`;
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme });
    if (isNew) {
      await page.goto(address, { waitUntil: 'load' });
      await page.evaluate(AXE);
    }
    const over = await page.evaluate(() => {
      const html = document.documentElement;
      return html.scrollWidth - html.clientWidth;
    });
    if (over > 0) say(`scrolls sideways by ${over} px`);
    const options = { runOnly, resultTypes: ['violations'] };
    const found = await page.evaluate((wanted) => window.axe.run(document, wanted), options);
    for (const { impact, id, help, nodes } of found.violations) {
      say(`${impact} ${id}: ${help} (${nodes.length}x, e.g. ${nodes[0].html.slice(0, 90)})`);
    }
  }
  await page.context().close();
}

exports.run = async (browser, print, base, folder, ...addresses) => {
  for (const address of addresses) await judge(browser, print, base, folder, address);
};
