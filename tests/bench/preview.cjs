// Saves issues while Chromium shows their preview, and prints the milliseconds from each save to its paint, as JSON:
// [of the panes in sight, of all].
// usage: node preview.cjs CHROMIUM URL FOLDER EDITS PATH...      PATH is that of an issue below FOLDER
const fs = require('node:fs');
const path = require('node:path');
const { performance } = require('node:perf_hooks');
const { launch } = require('../judges/site.cjs');

const [program, url, folder, edits, ...issues] = process.argv.slice(2);
const LOOK = 400; // ms for which an issue is looked at before it is saved; meanwhile its panes are painted
const now = () => performance.timeOrigin + performance.now();

// The moments of the paints after the panes in sight, and all panes, have taken over a new version. Nothing of the page
// runs before the first one: its own work waits longer.
const painted = (page) => page.evaluate(() => Promise.all(['data-seen', 'data-version'].map((name) => new Promise((resolve) => {
  const after = () => resolve(performance.timeOrigin + performance.now());
  new MutationObserver((_, observer) => {
    observer.disconnect();
    requestAnimationFrame(() => scheduler.postTask(after, { priority: 'user-blocking' }));
  }).observe(document.documentElement, { attributes: true, attributeFilter: [name] });
}))));

// Ends when the page shows all that the server has to show. (`waitForFunction` does not wait for what a function awaits.)
const settled = (page, wanted) => page.evaluate(async (issue) => {
  for (;;) {
    const { issue: { path }, pending, unread, version } = await (await fetch('/state')).json();
    if (path === issue && !pending && !unread && document.documentElement.dataset.version === String(version)) return version;
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}, wanted);

async function measure(page, issue, number) {
  await page.evaluate((wanted) => fetch('/issue', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ path: wanted }),
  }), issue);
  await settled(page, issue);
  await page.waitForTimeout(LOOK);
  const version = await settled(page, issue);
  const file = path.join(folder, issue);
  const text = fs.readFileSync(file, 'utf8').replace(/(?<=[\p{L}])(?=[。，.,；])/u, ` ${number}`);
  fs.writeFileSync(`${file}~`, text);
  const paint = painted(page);
  await page.evaluate(() => 0); // the page is watching now
  const begun = now();
  fs.renameSync(`${file}~`, file);
  const times = (await paint).map((time) => time - begun);
  if (await settled(page, issue) !== version + 1) throw new Error(`${issue}: something else was shown than the edit`);
  return times;
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
