// Presses every copy button of a preview page in Chromium and prints what was then on the clipboard, as JSON:
// by the button's name, the text and the HTML. usage: node preview.cjs CHROMIUM PAGE
const fs = require('node:fs');
const { chromium } = require('playwright-core');

const [program, page] = process.argv.slice(2);
const ADDRESS = 'https://example.org/preview.html'; // a page from disk may not read the clipboard

// what an editor gets that is pasted into; reading the clipboard in another way would clean the HTML first
async function paste(tab) {
  await tab.evaluate(() => {
    document.body.insertAdjacentHTML('beforeend', '<div id="editor" contenteditable="true"></div>');
    document.getElementById('editor').focus();
    document.addEventListener('paste', ({ clipboardData: data }) => {
      window.pasted = { text: data.getData('text/plain'), html: data.getData('text/html') };
    }, { once: true });
  });
  await tab.keyboard.press('Control+V');
  await tab.evaluate(() => document.getElementById('editor').remove());
  return tab.evaluate(() => window.pasted);
}

(async () => {
  const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu'] });
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  await context.route('**/*', (route) => (route.request().url() === ADDRESS
    ? route.fulfill({ body: fs.readFileSync(page), contentType: 'text/html; charset=utf-8' })
    : route.abort()));
  const tab = await context.newPage();
  await tab.goto(ADDRESS);
  const copied = {};
  for (const button of await tab.locator('[data-copy]').all()) {
    await button.click();
    copied[await button.getAttribute('data-copy')] = await paste(tab);
  }
  console.log(JSON.stringify(copied));
  await browser.close();
})().catch((error) => {
  console.error(error);
  process.exit(2);
});
