import { existsSync } from 'node:fs';

/** A Chromium of this machine: by `ORCHESTRA_CHROMIUM`, or where a system keeps it. Throws one sentence when there is none. */
export function chromiumPath(): string {
  const places = [
    process.env['ORCHESTRA_CHROMIUM'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/opt/google/chrome/chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
  ];
  const found = places.find((place) => place !== undefined && existsSync(place));
  if (found !== undefined) return found;
  throw new Error(
    'These tests need a Chromium or Chrome: install one (Debian: apt install chromium), or name it in ORCHESTRA_CHROMIUM.',
  );
}
