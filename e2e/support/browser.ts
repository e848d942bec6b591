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

/** A workload's handle in the hand. */
export interface Hold {
  /** The count that the card shows. */
  shown(): Promise<number>;
  /** Moves on by so many pixels, to the right or (negative) to the left. */
  pull(pixels: number): Promise<void>;
  /** Moves in many small steps until the count shows `target`; throws when the way across the screen does not do. */
  pullTo(target: number): Promise<void>;
  letGo(): Promise<void>;
}

/** Takes a workload's handle with the mouse. */
export async function takeHandle(page: Page, testId: string): Promise<Hold> {
  const card = page.getByTestId(testId);
  const handle = card.getByTestId('scale-handle');
  await handle.scrollIntoViewIfNeeded();
  const box = await handle.boundingBox();
  if (!box) throw new Error(`the handle of ${testId} is not on the screen`);
  const y = box.y + box.height / 2;
  let x = box.x + box.width / 2;
  await page.mouse.move(x, y);
  await page.mouse.down();
  const shown = async () =>
    Number((await card.getByTestId('replica-count').innerText()).match(/\d+/g)?.at(-1));
  const pull = async (pixels: number) => {
    x += pixels;
    await page.mouse.move(x, y, { steps: 1 });
  };
  return {
    shown,
    pull,
    async pullTo(target) {
      const direction = target >= (await shown()) ? 1 : -1;
      for (let distance = 0; distance < 1_400; distance += 4) {
        if ((await shown()) === target) return;
        await pull(direction * 4);
      }
      throw new Error(`dragging ${testId} did not reach ${target}; it shows ${await shown()}`);
    },
    letGo: () => page.mouse.up(),
  };
}

/** Drags a workload's handle with the mouse until its count shows `target`, and lets go. */
export async function dragTo(page: Page, testId: string, target: number): Promise<void> {
  const hold = await takeHandle(page, testId);
  await hold.pullTo(target).finally(() => hold.letGo());
}
