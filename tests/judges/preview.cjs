// Presses every copy button of a preview page and prints what an editor then gets that is pasted into, as JSON:
// by the name of the button, the text and the HTML.
// arguments: BASE FOLDER ADDRESS      FOLDER holds the page that is served below BASE
const { open } = require('./site.cjs');

// by a real paste: reading the clipboard in another way would clean the HTML first
async function paste(page) {
  await page.evaluate(() => {
    document.body.insertAdjacentHTML('beforeend', '<div id="editor" contenteditable="true"></div>');
    document.getElementById('editor').focus();
    document.addEventListener('paste', ({ clipboardData: data }) => {
      window.pasted = { text: data.getData('text/plain'), html: data.getData('text/html') };
    }, { once: true });
  });
  await page.keyboard.press('Control+V');
  await page.evaluate(() => document.getElementById('editor').remove());
  return page.evaluate(() => window.pasted);
}

exports.run = async (browser, print, base, folder, address) => {
  const page = await open(browser, base, folder, { permissions: ['clipboard-read', 'clipboard-write'] }, () => {});
  await page.goto(address);
  const copied = {};
  for (const button of await page.locator('[data-copy]').all()) {
    await button.click();
    copied[await button.getAttribute('data-copy')] = await paste(page);
  }
  print(JSON.stringify(copied));
};
