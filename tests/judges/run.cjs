// Runs the other scripts here in one Chromium, which takes longer to start than many of them do.
// usage: node run.cjs CHROMIUM      each line of the input is JSON: [script, argument...]; each of the output is
// JSON, too: what the script printed, or its `error`
const readline = require('node:readline');
const { launch } = require('./site.cjs');

const executablePath = process.argv[2];

async function run(browser, script, ...words) {
  const printed = [];
  try {
    await require(`./${script}`).run(browser, (line) => printed.push(`${line}\n`), ...words);
    return { printed: printed.join('') };
  } catch (error) {
    return { error: error.stack };
  } finally {
    for (const context of browser.contexts()) await context.close();
  }
}

(async () => {
  let browser;
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (!browser?.isConnected()) browser = await launch(executablePath);
    console.log(JSON.stringify(await run(browser, ...JSON.parse(line))));
  }
  await browser?.close();
})();
