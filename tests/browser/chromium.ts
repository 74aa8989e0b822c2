/**
 * Debian's Chromium for tests, driven by playwright-core.
 *
 * @module
 */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";

/** Where screenshots are kept. */
export const ARTEFACTS: string = new URL(".artefacts/", import.meta.url).pathname;

/** How a browser is started: without a screen, as root, and without a word to the world outside. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const NAMES = ["chromium", "chromium-browser", "google-chrome"];
/** A tablet, and the least that the pages are made for. */
const VIEWPORT = { width: 1024, height: 600 };
/** Longest wait for what a page has to show, and for the browser: much longer than either takes. */
const TIMEOUT_MS = 120_000;

/** A browser for the tests of one file. */
export class Chromium {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Path of the browser; undefined, and said why, where there is none. */
  static find(): string | undefined {
    for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
      for (const name of NAMES) {
        try {
          if (Deno.statSync(`${folder}/${name}`).isFile) return `${folder}/${name}`;
        } catch {
          // Not here.
        }
      }
    }
    console.log("skipped: no Chromium is installed; tests/browser/setup.sh installs it");
    return undefined;
  }

  /** Starts a browser with a profile of its own. */
  static async start(executablePath: string): Promise<Chromium> {
    // Loaded only where there is a browser: it is large.
    const { chromium } = await import("playwright-core");
    const browser = await chromium.launch({ executablePath, args: FLAGS, timeout: TIMEOUT_MS });
    await Deno.mkdir(ARTEFACTS, { recursive: true });
    return new Chromium(browser);
  }

  /** Opens a page of its own, as a new visitor; `more` goes to Playwright's `newContext`. */
  async open(
    theme: "dark" | "light" = "dark",
    more: BrowserContextOptions = {},
  ): Promise<Visitor> {
    const context = await this.#browser.newContext({
      viewport: VIEWPORT,
      colorScheme: theme,
      acceptDownloads: true,
      ...more,
    });
    context.setDefaultTimeout(TIMEOUT_MS);
    return new Visitor(context, await context.newPage());
  }

  /** Ends. */
  async close(): Promise<void> {
    await this.#browser.close();
  }
}

/** Somebody who looks at the pages; what goes wrong in them is noted. */
export class Visitor {
  /** The page. */
  readonly page: Page;
  /** Errors and warnings of the console, and what was thrown. */
  readonly troubles: string[] = [];
  readonly #context: BrowserContext;

  /** Listens to a page. */
  constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) {
        this.troubles.push(`${message.type()}: ${message.text()} (${message.location().url})`);
      }
    });
    page.on("pageerror", (error) => void this.troubles.push(`thrown: ${error.stack ?? error}`));
  }

  /** Keeps a picture of the page. */
  async picture(name: string): Promise<void> {
    await this.page.screenshot({ path: `${ARTEFACTS}${name}.png` });
  }

  /** Leaves. */
  async close(): Promise<void> {
    await this.#context.close();
  }
}
