// Uses the page of `publish preview` in Chromium as an editor does, and prints what happened as JSON: `seen` by each step
// that looks, `said` by the console, and the requests that lead `outside`, which are refused.
// arguments: URL STEPS [WIDTH HEIGHT SCHEME]      STEPS: JSON [[action, argument...], ...], see ACTIONS
const fs = require('node:fs');
const { LONGEST, newContext } = require('./site.cjs');

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const version = (page) => page.evaluate(() => document.documentElement.dataset.version);

async function shows(page, before) {
  await page.waitForFunction((old) => (document.documentElement.dataset.version ?? old) !== old, before);
}

// what follows a scroll comes with the frames after it, and these are slower on a busy machine
async function paint(page) {
  for (let frame = 0; frame < 20; frame += 1) await page.evaluate(() => new Promise(requestAnimationFrame));
}

// An expression that fails is not so yet: the document of a frame that is loading has no body, for example.
async function waitFor(isSo, what) {
  let failure = '';
  const holds = async () => {
    try {
      return await isSo();
    } catch (error) {
      failure = ` (${error.message})`;
      return false;
    }
  };
  for (const end = Date.now() + LONGEST; !await holds();) {
    if (Date.now() > end) throw new Error(`never: ${what}${failure}`);
    await new Promise((done) => { setTimeout(done, 50); });
  }
}

const ACTIONS = {
  run: (page, expression) => page.evaluate(expression),
  wait: (page, expression) => waitFor(() => page.evaluate(expression), expression),
  paint,
  lines: (page, file, count) => waitFor(() => fs.existsSync(file) && fs.readFileSync(file, 'utf8').split('\n').length > count, file),
  click: async (page, selector) => { await page.click(selector); },
  press: async (page, key) => { await page.keyboard.press(key); },
  wheel: async (page, selector, distance) => {
    await page.hover(selector);
    await page.mouse.wheel(0, distance);
    await paint(page);
  },
  // clicks so many times on a text in a pane, at its last place
  hit: async (page, pane, text, clickCount = 1) => {
    const [x, y] = await page.evaluate(([name, wanted]) => {
      const frame = document.querySelector(`[data-name=${name}] iframe`);
      const walker = frame.contentDocument.createTreeWalker(frame.contentDocument.body, NodeFilter.SHOW_TEXT);
      const range = frame.contentDocument.createRange();
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const at = node.data.indexOf(wanted);
        if (at < 0) continue;
        range.setStart(node, at);
        range.setEnd(node, at + 1);
      }
      frame.scrollIntoView({ inline: 'center' });
      frame.contentWindow.scrollBy(0, range.getBoundingClientRect().top - 300);
      const [outer, inner] = [frame.getBoundingClientRect(), range.getBoundingClientRect()];
      const scale = outer.width / frame.clientWidth;
      return [outer.x + scale * (inner.x + inner.width / 2), outer.y + scale * (inner.y + inner.height / 2)];
    }, [pane, text]);
    await paint(page); // the panes that follow are there
    await page.mouse.click(x, y, { clickCount });
    await paint(page);
  },
  // saves a file as many editors do, by renaming another one, and waits until the page shows it
  save: async (page, file, text) => {
    const before = await version(page);
    fs.writeFileSync(`${file}~`, text);
    fs.renameSync(`${file}~`, file);
    await shows(page, before);
  },
  write: (page, file, text) => { fs.writeFileSync(file, text); },
  kill: (page, id) => { process.kill(id); },
  // by a real paste: reading the clipboard in another way would clean the HTML first
  paste: async (page) => {
    await page.evaluate(() => {
      document.body.insertAdjacentHTML('beforeend', '<div id="editor" contenteditable="true"></div>');
      document.getElementById('editor').focus();
      document.addEventListener('paste', (event) => {
        event.preventDefault();
        window.pasted = { text: event.clipboardData.getData('text/plain'), html: event.clipboardData.getData('text/html') };
      }, { once: true });
    });
    await page.keyboard.press('Control+V');
    return page.evaluate(() => window.pasted);
  },
  axe: async (page) => {
    await page.evaluate(AXE);
    const options = { runOnly: RULES, resultTypes: ['violations'] };
    const found = await page.evaluate((wanted) => window.axe.run(document, wanted), options);
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
  },
  shot: async (page, file) => { await page.screenshot({ path: file }); },
};

exports.run = async (browser, print, url, steps, width = '1680', height = '950', colorScheme = 'light') => {
  const context = await newContext(browser, {
    viewport: { width: Number(width), height: Number(height) }, colorScheme, permissions: ['clipboard-read', 'clipboard-write'],
  });
  const { origin } = new URL(url);
  const [seen, said, outside] = [[], [], []];
  await context.route((address) => address.origin !== origin, (route) => {
    outside.push(route.request().url());
    return route.abort();
  });
  const page = await context.newPage();
  const isExpected = (text) => text.startsWith('Loading the image'); // of another host, which a pane does not load
  page.on('console', (message) => message.type() === 'error' && !isExpected(message.text()) && said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.stack));
  await page.goto(url);
  await shows(page, undefined);
  for (const [action, ...values] of JSON.parse(steps)) {
    const result = await ACTIONS[action](page, ...values);
    if (result !== undefined) seen.push(result);
  }
  print(JSON.stringify({ seen, said, outside }));
};
