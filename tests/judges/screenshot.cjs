// Takes pictures of a site.
// arguments: BASE FOLDER PICTURES      PICTURES: JSON [{address, file, view, full}, ...]
const { open } = require('./site.cjs');

exports.run = async (browser, print, base, folder, pictures) => {
  for (const { address, file, view, full } of JSON.parse(pictures)) {
    const page = await open(browser, base, folder, view, print);
    await page.goto(address, { waitUntil: 'load' });
    await page.screenshot({ path: file, fullPage: Boolean(full) });
    await page.context().close();
  }
};
