/**
 * The description of the API, to browse: every operation with what it needs, takes and gives.
 *
 * @module
 */
import { get, save } from "./api.js";
import { fill, h, panel, say, scroller } from "./dom.js";

/**
 * @typedef {object} Operation
 * @property {string} method
 * @property {string} path
 * @property {string} summary
 * @property {string} description
 * @property {string} tag
 * @property {any[]} parameters
 * @property {any} body
 * @property {any} answer
 */

/** @param {import("./main.js").PageContext} context */
export function apiPage({ signal }) {
  const list = h("nav", { class: "scroll fill operations", "aria-label": "Operations" });
  const detail = scroller(
    "The operation",
    "fill",
    h("p", { class: "empty" }, "Pick an operation."),
  );
  const count = h("span", { class: "muted" });
  const search = h("input", {
    type: "search",
    "data-search": true,
    "aria-label": "Search operations",
    placeholder: "path or words",
  });
  /** @type {Operation[]} */
  let operations = [];
  /** @type {Map<string, string>} */
  let tags = new Map();
  const show = () => {
    const words = search.value.toLowerCase();
    const found = operations.filter(({ method, path, summary }) =>
      `${method} ${path} ${summary}`.toLowerCase().includes(words)
    );
    say(count, `${found.length} operations`);
    fill(
      list,
      [...tags].flatMap(([tag, about]) => {
        const own = found.filter((operation) => operation.tag === tag);
        return own.length === 0 ? [] : [
          h("h2", {}, about),
          ...own.map((operation) =>
            h(
              "button",
              { class: "plain operation", onclick: () => fill(detail, detailOf(operation)) },
              h("code", { class: "method" }, operation.method),
              h("code", {}, operation.path),
              h("span", { class: "muted" }, operation.summary),
            )
          ),
        ];
      }),
    );
  };
  search.addEventListener("input", show);
  void get("/openapi.json", signal).then((description) => {
    tags = new Map(description.tags.map((/** @type {any} */ tag) => [tag.name, tag.description]));
    operations = operationsOf(description);
    show();
  });
  return [
    h(
      "div",
      { class: "columns half fill" },
      panel(
        "OpenAPI 3.1",
        [
          search,
          h("span", { class: "grow" }),
          count,
          h("button", { onclick: () => save("/openapi.json", "tieline-openapi.json") }, "Save"),
        ],
        list,
      ),
      h("section", { class: "panel" }, detail),
    ),
  ];
}

/**
 * @param {any} description
 * @returns {Operation[]}
 */
function operationsOf({ paths }) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      summary: operation.summary,
      description: operation.description,
      tag: operation.tags[0],
      parameters: operation.parameters ?? [],
      body: contentOf(operation.requestBody),
      answer: contentOf(operation.responses["200"]),
    }))
  );
}

/** @param {any} holder */
function contentOf(holder) {
  const [found] = Object.entries(holder?.content ?? {});
  return found ? { type: found[0], schema: found[1].schema } : undefined;
}

/** @param {Operation} operation */
function detailOf({ method, path, summary, description, parameters, body, answer }) {
  const isChange = method !== "GET";
  const curl = `curl -H "Authorization: Bearer $TOKEN" ${
    isChange ? `-X ${method} ` : ""
  }${location.origin}${path}`;
  return h(
    "div",
    { class: "body stack" },
    h("h2", { class: "title mono" }, `${method} ${path}`),
    h("p", {}, summary),
    h("p", { class: "muted" }, description),
    h("pre", { class: "told" }, curl),
    parameters.length > 0 && h(
      "table",
      { "aria-label": "Parameters" },
      h("thead", {}, h("tr", {}, ["Parameter", "In", "What"].map((head) => h("th", {}, head)))),
      h(
        "tbody",
        {},
        parameters.map((p) =>
          h(
            "tr",
            {},
            h("td", { class: "mono" }, p.name + (p.required ? " *" : "")),
            h("td", {}, p.in),
            h(
              "td",
              { class: "wrap" },
              [p.description, limitsOf(p.schema)].filter(Boolean).join("; "),
            ),
          )
        ),
      ),
    ),
    body && [h("h2", {}, `Takes ${body.type}`), h("pre", { class: "told" }, outline(body.schema))],
    answer &&
      [h("h2", {}, `Answers ${answer.type}`), h("pre", { class: "told" }, outline(answer.schema))],
  );
}

/** @param {any} schema */
function limitsOf(schema) {
  const parts = [schema?.type];
  if (schema?.enum) parts.push(schema.enum.join(" | "));
  if (schema?.minimum !== undefined || schema?.maximum !== undefined) {
    parts.push(`${schema.minimum ?? ""} to ${schema.maximum ?? ""}`);
  }
  if (schema?.default !== undefined) parts.push(`default ${schema.default}`);
  return parts.filter(Boolean).join(", ");
}

/**
 * A schema as people write shapes.
 *
 * @param {any} schema
 * @param {string} [indent]
 * @returns {string}
 */
function outline(schema, indent = "") {
  if (!schema) return "anything";
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map((/** @type {any} */ one) => outline(one, indent)).join(" | ");
  if (schema.enum) {
    return schema.enum.map((/** @type {unknown} */ v) => JSON.stringify(v)).join(" | ");
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === "array") return `[ ${outline(schema.items, indent)} ]`;
  if (schema.type === "object" && schema.properties) {
    const inner = `${indent}  `;
    const lines = Object.entries(schema.properties).map(([name, own]) =>
      `${inner}${name}${schema.required?.includes(name) ? "" : "?"}: ${outline(own, inner)}`
    );
    return `{\n${lines.join(",\n")}\n${indent}}`;
  }
  if (schema.type === "object") {
    return `{ [name]: ${outline(schema.additionalProperties, indent)} }`;
  }
  return schema.type ?? "anything";
}
