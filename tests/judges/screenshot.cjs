// Takes pictures of a site.
// arguments: BASE FOLDER PICTURES      PICTURES: JSON [{address, file, view, full}, ...]
const { open } = require('./site.cjs');

exports.run = async (browser, print, base, folder, pictures) => {
  let [page, last] = [undefined, ''];
  for (const { address, file, view, full } of JSON.parse(pictures)) {
    if (JSON.stringify(view) !== last) page = await open(browser, base, folder, view, print);
    last = JSON.stringify(view);
    await page.goto(address, { waitUntil: 'load' });
    await page.screenshot({ path: file, fullPage: Boolean(full) });
  }
};
