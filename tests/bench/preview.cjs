// Saves issues while Chromium shows their preview, and prints the milliseconds from each save to its paint, as JSON.
// usage: node preview.cjs CHROMIUM URL FOLDER EDITS PATH...      PATH is that of an issue below FOLDER
const fs = require('node:fs');
const path = require('node:path');
const { performance } = require('node:perf_hooks');
const { launch } = require('../judges/site.cjs');

const [program, url, folder, edits, ...issues] = process.argv.slice(2);
const LOOK = 400; // ms for which an issue is looked at before it is saved; meanwhile its panes are painted
const now = () => performance.timeOrigin + performance.now();

// The moment of the next paint after what is in sight of the page has taken over a new version.
const painted = (page) => page.evaluate(() => new Promise((resolve) => {
  const after = () => resolve(performance.timeOrigin + performance.now());
  new MutationObserver((_, observer) => {
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(after));
  }).observe(document.documentElement, { attributes: true, attributeFilter: ['data-seen'] });
}));

const shown = (page, wanted) => page.waitForFunction(async (issue) => {
  const state = await (await fetch('/state')).json();
  return state.issue.path === issue && !state.unread && document.documentElement.dataset.version === String(state.version);
}, wanted);

async function measure(page, issue, number) {
  await page.evaluate((wanted) => fetch('/issue', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ path: wanted }),
  }), issue);
  await shown(page, issue);
  await page.waitForTimeout(LOOK);
  const file = path.join(folder, issue);
  const text = fs.readFileSync(file, 'utf8').replace(/(?<=[\p{L}])(?=[。，.,；])/u, ` ${number}`);
  fs.writeFileSync(`${file}~`, text);
  const paint = painted(page);
  await page.evaluate(() => 0); // the page is watching now
  const begun = now();
  fs.renameSync(`${file}~`, file);
  return await paint - begun;
}

(async () => {
  const browser = await launch(program);
  const page = await browser.newPage({ viewport: { width: 1680, height: 950 } });
  await page.goto(url);
  const times = [];
  for (let number = 0; number < Number(edits); number += 1) {
    times.push(await measure(page, issues[number % issues.length], number));
  }
  console.log(JSON.stringify(times));
  await browser.close();
})().catch((error) => {
  console.error(error);
  process.exit(2);
});
