/**
 * Dark or light, as the system says or as chosen here; and the colours of the style sheet for canvases.
 *
 * @module
 */

const KEY = "tieline.theme";
const probe = document.createElement("i");
probe.hidden = true;
/** @type {Set<() => void>} */
const listeners = new Set();
/** @type {Map<string, string>} */
let colours = new Map();

/** Uses the theme that was chosen before. */
export function beginTheme() {
  const kept = localStorage.getItem(KEY);
  if (kept === "dark" || kept === "light") document.documentElement.dataset["theme"] = kept;
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}

/** True while dark is shown. */
export function isDark() {
  const chosen = document.documentElement.dataset["theme"];
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** The other theme from now on. */
export function switchTheme() {
  const next = isDark() ? "light" : "dark";
  document.documentElement.dataset["theme"] = next;
  localStorage.setItem(KEY, next);
  changed();
}

/**
 * A colour of the style sheet, for example `--ink`, as a canvas takes it.
 *
 * @param {string} name
 * @returns {string}
 */
export function colour(name) {
  let found = colours.get(name);
  if (found === undefined) {
    if (!probe.isConnected) document.body.append(probe);
    probe.style.color = `var(${name})`;
    found = getComputedStyle(probe).color;
    colours.set(name, found);
  }
  return found;
}

/**
 * Calls `act` when the theme changes, until `signal` ends.
 *
 * @param {() => void} act
 * @param {AbortSignal} signal
 */
export function onTheme(act, signal) {
  listeners.add(act);
  signal.addEventListener("abort", () => listeners.delete(act));
}

function changed() {
  colours = new Map();
  for (const act of listeners) act();
}
