/**
 * Answers requests for the files of the dashboard: compressed once, with a digest that a browser can ask again by.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { ASSET_TEXTS } from "./assets.ts";

/** A file as it is sent. */
interface Packed {
  readonly type: string;
  readonly etag: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
}

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};
const PRELOAD = "<!-- preload -->";

const packed = new Map<string, Packed>();

/** Names of the files, `index.html` among them. */
export function assetNames(): string[] {
  return Object.keys(ASSET_TEXTS);
}

/** The answer to a request for a file by name; undefined if there is none of that name. */
export function assetResponse(name: string, request: Request): Response | undefined {
  const file = packed.get(name) ?? pack(name);
  if (!file) return undefined;
  const headers = {
    "Cache-Control": "no-cache", // it may be kept, and is asked for again with its digest
    "Content-Type": file.type,
    "ETag": file.etag,
    "Vary": "Accept-Encoding",
  };
  if (request.headers.get("If-None-Match") === file.etag) {
    return new Response(null, { status: 304, headers });
  }
  const takesGzip = /\bgzip\b/.test(request.headers.get("Accept-Encoding") ?? "");
  const body = takesGzip ? file.gzip : file.plain;
  return new Response(body, {
    headers: {
      ...headers,
      "Content-Length": String(body.length),
      ...(takesGzip && { "Content-Encoding": "gzip" }),
    },
  });
}

function pack(name: string): Packed | undefined {
  const text = Object.hasOwn(ASSET_TEXTS, name) ? ASSET_TEXTS[name] : undefined;
  const type = TYPES[name.slice(name.lastIndexOf(".") + 1)];
  if (text === undefined || type === undefined) return undefined;
  const plain = new TextEncoder().encode(name === "index.html" ? withPreloads(text) : text);
  const digest = createHash("sha256").update(plain).digest("base64url").slice(0, 22);
  const gzip = new Uint8Array(gzipSync(plain, { level: 9 }));
  const file = { type, etag: `"${digest}"`, plain, gzip };
  packed.set(name, file);
  return file;
}

/** Modules are asked for at once, not as each tells of the next: that saves round trips over a slow link. */
function withPreloads(html: string): string {
  const links = Object.keys(ASSET_TEXTS).filter((name) => name.endsWith(".js"))
    .map((name) => `<link rel="modulepreload" href="/assets/${name}">`);
  return html.replace(PRELOAD, links.join("\n    "));
}
