/**
 * Elements without a framework: make them, fill them, keep what did not change.
 *
 * @module
 */

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, unknown>} Props */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element. Props named `on...` are listeners, `class` and all others are attributes; false, null and
 * undefined leave an attribute out, true sets it empty.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props} [props]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  apply(element, props);
  element.append(...kept(children));
  return element;
}

/**
 * The same for SVG.
 *
 * @param {string} tag
 * @param {Props} [props]
 * @param {...(Child | Child[])} children
 * @returns {SVGElement}
 */
export function svg(tag, props = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  apply(element, props);
  element.append(...kept(children));
  return element;
}

/**
 * Puts other children into an element.
 *
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...kept(children));
}

/**
 * Sets the text of an element, and does nothing if it is the same: selections and screen readers stay.
 *
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Sets an attribute if it differs.
 *
 * @param {Element} element
 * @param {string} name
 * @param {string} value
 */
export function mark(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * A panel: a heading, tools beside it, and what it holds.
 *
 * @param {string} title
 * @param {Child[]} tools
 * @param {...Child} children
 */
export function panel(title, tools, ...children) {
  return h("section", { class: "panel" }, h("header", {}, h("h2", {}, title), tools), children);
}

/**
 * What scrolls, by the keyboard too.
 *
 * @param {string} label Name for screen readers.
 * @param {string} kind Further classes.
 * @param {...Child} children
 */
export function scroller(label, kind, ...children) {
  return h(
    "div",
    { class: `scroll ${kind}`.trim(), role: "region", "aria-label": label, tabindex: 0 },
    children,
  );
}

/**
 * Facts by name.
 *
 * @param {readonly (readonly [string, Child])[]} facts
 */
export function factList(facts) {
  return h(
    "dl",
    { class: "facts" },
    facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]).flat(),
  );
}

/**
 * Shows facts in `place` again and again: what did not change stays, so that it can be marked and copied.
 *
 * @param {Element} place
 * @param {readonly (readonly [string, Child])[]} facts
 */
export function showFacts(place, facts) {
  const shown = [...place.firstElementChild?.children ?? []];
  const fresh = factList(facts), parts = [...fresh.children];
  const isOther = shown.length !== parts.length ||
    parts.some((part, i) => i % 2 === 0 && part.textContent !== shown[i]?.textContent);
  if (isOther) return fill(place, fresh);
  parts.forEach((part, i) => {
    if (!shown[i]?.isEqualNode(part)) shown[i]?.replaceWith(part);
  });
}

/**
 * @param {Element} element
 * @param {Props} props
 */
function apply(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on") && typeof value === "function") {
      const listener = /** @type {EventListener} */ (value); // by the name of the prop
      element.addEventListener(name.slice(2), listener);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
}

/**
 * @param {(Child | Child[])[]} children
 * @returns {(Node | string)[]}
 */
function kept(children) {
  return children.flat().filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => typeof child === "object" ? /** @type {Node} */ (child) : String(child));
}
