// Takes pictures of a site.
// usage: node screenshot.cjs CHROMIUM BASE FOLDER PICTURES      PICTURES: JSON [{address, file, view, full}, ...]
const { launch, open } = require('./site.cjs');

const [program, base, folder, pictures] = process.argv.slice(2);

(async () => {
  const browser = await launch(program);
  for (const { address, file, view, full } of JSON.parse(pictures)) {
    const page = await open(browser, base, folder, view, console.log);
    await page.goto(address, { waitUntil: 'load' });
    await page.screenshot({ path: file, fullPage: Boolean(full) });
    await page.context().close();
  }
  await browser.close();
})().catch((error) => {
  console.error(error);
  process.exit(2);
});
