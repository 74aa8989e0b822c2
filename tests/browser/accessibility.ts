/**
 * Whether a page keeps WCAG 2.2 at level AA, as far as axe-core can tell by looking at it.
 *
 * @module
 */
import axe from "axe-core";
import type { Page } from "playwright-core";

/** Rules of the levels A and AA, and what axe calls best practice. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What is wrong with the page as it is shown now: rule, why, and where, one line for each place. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // Through the browser's own door for debuggers: the page's policy lets no other script in.
  await page.evaluate(axe.source);
  return await page.evaluate<string[]>(`(async () => {
    const { violations } = await axe.run(document, {
      runOnly: ${JSON.stringify(TAGS)},
      resultTypes: ["violations"],
    });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ target, any }) => id + ": " + help + ": " + target.join(" ") + " " + (any[0]?.message ?? ""))
    );
  })()`);
}
