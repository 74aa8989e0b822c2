/**
 * Tests in a browser, and what each of them begins with.
 *
 * @module
 */
import assert from "node:assert/strict";
import { MergingUnitThread, type MergingUnitThreadOptions } from "../../mod/sim/mod.ts";
import { Chromium, type Visitor } from "./chromium.ts";
import { type Station, tokenOf, withStation } from "./station.ts";

const executable = Chromium.find();
/** How often a Worker may be started in vain. */
const ATTEMPTS = 3;

/** A test with a browser; without one it is skipped. */
export function inBrowser(name: string, test: (browser: Chromium) => Promise<void>): void {
  Deno.test({
    name: `browser: ${name}`,
    ignore: executable === undefined,
    // The driver of the browser holds pipes and timers of its own until the process ends.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const browser = await Chromium.start(executable!);
      try {
        await test(browser);
      } finally {
        await browser.close();
      }
    },
  });
}

/** Does what a visitor has to do without an error on the console; if it fails, a picture of the page is kept. */
export async function withoutTrouble(
  name: string,
  visitor: Visitor,
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act();
    assert.deepEqual(visitor.troubles, []);
  } catch (error) {
    await visitor.picture(`failed-${name.replace(/\W+/g, "-")}`).catch(() => {});
    console.error(visitor.troubles);
    throw error;
  } finally {
    await visitor.close();
  }
}

/**
 * A test with a browser and a station, whose configuration has `more`; every page has to do without an error on
 * its console.
 */
export function browse(
  name: string,
  test: (visitor: Visitor, station: Station, browser: Chromium) => Promise<void>,
  more = "",
): void {
  inBrowser(name, async (browser) => {
    await withStation(async (station) => {
      const visitor = await browser.open();
      await withoutTrouble(name, visitor, () => test(visitor, station, browser));
    }, more);
  });
}

/**
 * Starts merging units on a thread of their own. On a busy machine the first Worker may take longer to load than the
 * thread waits.
 */
export async function startUnit(options: MergingUnitThreadOptions): Promise<MergingUnitThread> {
  for (let attempt = 1;; attempt++) {
    const unit = new MergingUnitThread(options);
    try {
      await unit.start();
      return unit;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

/** Logs in by the form. */
export async function login(
  { page }: Visitor,
  { url }: Pick<Station, "url">,
  user: string,
): Promise<void> {
  await page.goto(`${url}/`);
  await page.getByLabel("Token").fill(tokenOf(user));
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("navigation").waitFor();
}

/** Waits until a page shows something: rows, a drawing, a field, or a word that there is nothing. */
export async function filled({ page }: Visitor): Promise<void> {
  await page.locator("main").locator(
    "tbody tr, canvas, textarea, .operation, .lines > div, .empty, .told",
  )
    .filter({ visible: true }).first().waitFor();
}

/** Opens a page by its link. */
export async function go({ page }: Visitor, title: string): Promise<void> {
  await page.getByRole("link", { name: title }).first().click();
  await page.getByRole("heading", { level: 1, name: title }).waitFor({ state: "attached" });
}
