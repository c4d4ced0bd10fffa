// A person at a browser: opens the page where the login begins, logs in or cancels, and looks at
// the page at the end.
//
//     node person.mjs logs-in|cancels FOLDER URL
//
// puts screenshots into the folder and prints JSON: `requests` that the pages at the end made, `address` (where the
// person was at the end), and `checked`, one entry of findings for each scheme and width.

import { join } from 'node:path';

import { check } from './check.mjs';
import { requestsOf, withPage } from './chromium.mjs';

const WIDTHS = [1280, 360];

const [does, folder, url] = process.argv.slice(2);
const findings = await withPage({}, async (page) => {
  const requests = requestsOf(page);
  await page.goto(url);
  await (does === 'cancels' ? cancel(page) : logIn(page));
  await page.waitForURL('**/callback/done');
  await page.waitForLoadState();
  const checked = [];
  for (const scheme of ['light', 'dark']) {
    for (const width of WIDTHS) {
      const screenshot = join(folder, `${does}-${scheme}-${width}.png`);
      checked.push(await check(page, scheme, width, screenshot));
    }
  }
  // The server's own pages ask for fonts from elsewhere.
  const back = requests.findIndex((it) => new URL(it).pathname === '/callback');
  return { address: page.url(), requests: requests.slice(back), checked };
});
console.log(JSON.stringify(findings));

async function logIn(page) {
  await page.fill('[name=login]', 'ada');
  await page.fill('[name=password]', 'anything');
  await page.click('[type=submit]');
  // The same button again: the person consents.
  await page.waitForSelector('[name=prompt][value=consent]', { state: 'attached' });
  await page.click('[type=submit]');
}

async function cancel(page) {
  await page.click('a[href$="/abort"]');
}
