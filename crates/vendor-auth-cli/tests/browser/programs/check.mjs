// Checks what a person sees of a page.
//
//     node check.mjs URL light|dark WIDTH [SCREENSHOT]
//
// prints JSON: `title`, `text`, `background`; `pale`, the texts whose contrast is below WCAG's 4.5
// to 1, of the `texts` that there are; `scripts`, markup that runs code; `is_too_wide`, whether it
// scrolls sideways; `status` and `requests` of the page.

import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

import { requestsOf, withPage } from './chromium.mjs';

const HEIGHT = 740;

if (argv[1] === fileURLToPath(import.meta.url)) {
  const [url, scheme, width, screenshot] = argv.slice(2);
  const findings = await withPage({}, async (page) => {
    const requests = requestsOf(page);
    const response = await page.goto(url);
    const found = await check(page, scheme, Number(width), screenshot);
    return { ...found, status: response?.status(), requests };
  });
  console.log(JSON.stringify(findings));
}

// Returns the findings about the page that is open.
export async function check(page, scheme, width, screenshot) {
  await page.emulateMedia({ colorScheme: scheme });
  await page.setViewportSize({ width, height: HEIGHT });
  if (screenshot) await page.screenshot({ path: screenshot, fullPage: true });
  return { scheme, width, ...await page.evaluate(findings) };
}

// Runs in the page.
function findings() {
  const LEAST_CONTRAST = 4.5;
  const pencil = document.createElement('canvas').getContext('2d', { willReadFrequently: true });

  // Returns red, green, blue and alpha of a CSS colour, however it is written.
  function channels(colour) {
    pencil.clearRect(0, 0, 1, 1);
    pencil.fillStyle = colour;
    pencil.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = pencil.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  }

  // Returns what the browser paints below the page, in the page's scheme.
  function belowPage() {
    const probe = document.body.appendChild(document.createElement('div'));
    probe.style.backgroundColor = 'Canvas';
    const colour = channels(getComputedStyle(probe).backgroundColor);
    probe.remove();
    return colour;
  }

  function over(front, back) {
    const alpha = front[3];
    return [0, 1, 2].map((i) => front[i] * alpha + back[i] * (1 - alpha)).concat(1);
  }

  function behind(element) {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      layers.unshift(channels(getComputedStyle(at).backgroundColor));
    }
    return layers.reduce((back, layer) => over(layer, back), below);
  }

  // WCAG 2.2, "relative luminance".
  function luminance([red, green, blue]) {
    const linear = [red, green, blue].map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  }

  function opacity(element) {
    let product = 1;
    for (let at = element; at; at = at.parentElement) product *= getComputedStyle(at).opacity;
    return product;
  }

  function contrast(element) {
    const style = getComputedStyle(element);
    const back = behind(element);
    const text = channels(element instanceof SVGElement ? style.fill : style.color);
    text[3] *= opacity(element);
    const [low, high] = [luminance(over(text, back)), luminance(back)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  }

  function textNodes() {
    const nodes = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      // An element that is not rendered, as `title` and `style`, has no box.
      if (node.data.trim() && node.parentElement.getClientRects().length) nodes.push(node);
    }
    return nodes;
  }

  function runsCode(element) {
    const named = (name) => element.getAttribute(name)?.trim().toLowerCase() ?? '';
    return element.localName === 'script'
      || [...element.attributes].some(({ name }) => name.startsWith('on'))
      || ['href', 'src', 'action'].some((name) => named(name).startsWith('javascript:'));
  }

  const below = belowPage();
  const measured = textNodes().map((node) => ({
    text: node.data.trim(),
    contrast: contrast(node.parentElement),
  }));
  return {
    title: document.title,
    text: document.body.innerText,
    background: behind(document.body),
    texts: measured.length,
    pale: measured.filter((it) => !(it.contrast >= LEAST_CONTRAST)),
    scripts: [...document.querySelectorAll('*')].filter(runsCode).map((it) => it.outerHTML),
    is_too_wide: document.documentElement.scrollWidth > window.innerWidth,
  };
}
