// Opens a page of wechat-article-checker, and prints the report that it shows, which is JSON.
// arguments: URL
exports.run = async (browser, print, url) => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
  print(await page.textContent('#__probeReport')); // once it is there
};
