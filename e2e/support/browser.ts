import { type Browser, chromium, type Page } from '@playwright/test';

/** Debian's Chromium; as root it needs to run without its sandbox. */
export async function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
    ],
  });
}

/** Opens the console signed in, on the page of the given link's name (the start page without one). */
export async function openConsole(browser: Browser, signInUrl: string, link?: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(signInUrl);
  if (link) await page.getByRole('link', { name: link, exact: false }).first().click();
  return page;
}

/**
 * Drags a workload's handle with the mouse until its count shows `target`, and lets go: down, many small moves, up.
 * Throws when the whole way across the screen does not reach it.
 */
export async function dragTo(page: Page, testId: string, target: number): Promise<void> {
  const card = page.getByTestId(testId);
  const handle = card.getByTestId('scale-handle');
  await handle.scrollIntoViewIfNeeded();
  const box = await handle.boundingBox();
  if (!box) throw new Error(`the handle of ${testId} is not on the screen`);
  const start = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const shown = async () =>
    Number((await card.getByTestId('replica-count').innerText()).match(/\d+/g)?.at(-1));
  const direction = target >= (await shown()) ? 1 : -1;
  await page.mouse.move(start.x, start.y);
  await page.mouse.down();
  for (let distance = 0; distance < 1_400; distance += 4) {
    if ((await shown()) === target) {
      await page.mouse.up();
      return;
    }
    await page.mouse.move(start.x + direction * distance, start.y, { steps: 1 });
  }
  await page.mouse.up();
  throw new Error(`dragging ${testId} did not reach ${target}; it shows ${await shown()}`);
}
