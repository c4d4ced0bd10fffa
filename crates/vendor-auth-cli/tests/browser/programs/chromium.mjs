// Debian's Chromium, headless, with a profile of its own.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

// Runs `use` with a new page. Requests to other hosts than this machine are seen, and not sent.
export async function withPage(options, use) {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM,
    headless: true,
    args: FLAGS,
    ...options,
  });
  try {
    await context.route(isElsewhere, (route) => route.abort());
    return await use(context.pages()[0] ?? await context.newPage());
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}

function isElsewhere(url) {
  return url.protocol.startsWith('http') && url.hostname !== '127.0.0.1';
}

// Returns the list of the URLs that a page requests from here on.
export function requestsOf(page) {
  const urls = [];
  page.on('request', (request) => urls.push(request.url()));
  return urls;
}
