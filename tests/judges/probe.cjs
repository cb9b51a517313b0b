// Opens a page of wechat-article-checker, and prints the report that it shows, which is JSON.
// arguments: URL
const { newContext } = require('./site.cjs');

exports.run = async (browser, print, url) => {
  const page = await (await newContext(browser)).newPage();
  await page.goto(url);
  print(await page.textContent('#__probeReport')); // once it is there
};
