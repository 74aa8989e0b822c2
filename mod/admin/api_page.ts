/**
 * The description of the API as a page: every operation with its roles, parameters and bodies. It holds
 * nothing of the gateway and needs no script.
 *
 * @module
 */
import type { Json } from "./openapi.ts";

/** The page for a document that `openApi` made. */
export function apiPage(document: Json): string {
  // The document is ours: its shape is what openApi writes, and a validator has looked at it.
  const paths = document["paths"] as Record<string, Record<string, Json>>;
  const tags = document["tags"] as { name: string; description: string }[];
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation }))
  );
  const sections = tags.map(({ name, description }) => {
    const members = operations.filter(({ operation }) =>
      (operation["tags"] as string[]).includes(name)
    );
    return `<h2 id="${escaped(name)}">${escaped(description)}</h2>\n${
      members.map(operationHtml).join("\n")
    }`;
  });
  const links = tags.map(({ name }) => `<a href="#${escaped(name)}">${escaped(name)}</a>`).join(
    " · ",
  );
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Tieline: API</title>
</head>
<body>
<main>
<h1>The API of Tieline</h1>
<p>Every request shows a bearer token (<code>Authorization: Bearer ...</code>) or a client certificate,
but those that are open to everybody. What is refused is told in problem documents (RFC 9457). The same
as OpenAPI 3.1: <a href="/api/openapi.json">/api/openapi.json</a>, which needs a token.</p>
<p>${links}</p>
${sections.join("\n")}
</main>
</body>
</html>
`;
}

function operationHtml(
  { path, method, operation }: { path: string; method: string; operation: Json },
): string {
  const parameters = (operation["parameters"] ?? []) as {
    name: string;
    in: string;
    required: boolean;
    description?: string;
    schema: Json;
  }[];
  const rows = parameters.map((p) =>
    `<li><code>${escaped(p.name)}</code> (${escaped(p.in)}${
      p.required ? "" : ", may be left out"
    }) ` +
    `${escaped(p.description ?? "")} <code>${escaped(JSON.stringify(p.schema))}</code></li>`
  );
  const content = (part: unknown) =>
    Object.entries(
      (part as { content?: Record<string, { schema: Json }> } | undefined)?.content ?? {},
    );
  const schemas = (what: string, part: unknown) =>
    content(part).map(([type, { schema }]) =>
      `<p>${what}, <code>${escaped(type)}</code>:</p>\n<pre>${
        escaped(JSON.stringify(schema, null, 1))
      }</pre>`
    ).join("\n");
  const answers = operation["responses"] as Record<string, unknown>;
  return `<details>
<summary><code>${method.toUpperCase()} ${escaped(path)}</code> ${
    escaped(String(operation["summary"]))
  }</summary>
<p>${escaped(String(operation["description"]))}</p>
${rows.length > 0 ? `<ul>\n${rows.join("\n")}\n</ul>` : ""}
${schemas("Body", operation["requestBody"])}
${schemas("Answer", answers["200"])}
</details>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
