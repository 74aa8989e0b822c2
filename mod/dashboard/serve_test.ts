import assert from "node:assert/strict";
import { SEVERITIES as KNOWN } from "../alarm/mod.ts";
import { StateFlags } from "../core/mod.ts";
import {
  FLAG_WORDS,
  flagText,
  measured,
  nanos,
  quantity,
  SEVERITIES,
  size,
  span,
} from "./assets/format.js";
import { assetNames, assetResponse } from "./mod.ts";

/** Most bytes of the first visit. */
const MOST_BYTES = 300_000;

function ask(name: string, headers: Record<string, string> = {}): Response {
  const response = assetResponse(name, new Request("http://127.0.0.1/", { headers }));
  assert.ok(response, `there is no ${name}`);
  return response;
}

Deno.test("dashboard: all files together are under 300 kB, compressed", async () => {
  let bytes = 0;
  for (const name of assetNames()) {
    const response = ask(name, { "Accept-Encoding": "gzip, br" });
    assert.equal(response.headers.get("Content-Encoding"), "gzip");
    const body = await response.arrayBuffer();
    assert.equal(Number(response.headers.get("Content-Length")), body.byteLength);
    bytes += body.byteLength;
  }
  assert.ok(bytes > 20_000 && bytes < MOST_BYTES, `${bytes} bytes`);
});

Deno.test("dashboard: a file is the same compressed and plain, and is not sent twice", async () => {
  for (const name of ["index.html", "main.js", "uplot.js"]) {
    const plain = ask(name), packed = ask(name, { "Accept-Encoding": "gzip" });
    const stream = packed.body!.pipeThrough(new DecompressionStream("gzip"));
    assert.equal(await plain.text(), await new Response(stream).text());
    const again = ask(name, { "If-None-Match": plain.headers.get("ETag")! });
    assert.equal(again.status, 304);
    assert.equal(await again.text(), "");
  }
});

Deno.test("dashboard: names that are no file are none", () => {
  for (const name of ["", "nothing.js", "../mod.ts", "toString", "__proto__"]) {
    assert.equal(assetResponse(name, new Request("http://127.0.0.1/")), undefined);
  }
});

Deno.test("dashboard: every file is embedded, every import and link leads to one", async () => {
  const folder = new URL("assets/", import.meta.url);
  const onDisk = [...Deno.readDirSync(folder)].map((e) => e.name).sort();
  assert.deepEqual(assetNames().filter((n) => !n.startsWith("uplot.")).sort(), onDisk);
  for (const name of assetNames().filter((n) => n !== "uplot.js")) {
    const text = await ask(name).text();
    for (const [, target] of text.matchAll(/(?:from|import\()\s*"\.\/([^"]+\.js)"/g)) {
      assert.ok(assetNames().includes(target!), `${name} imports ${target}`);
    }
    for (const [, target] of text.matchAll(/(?:src|href)="\/assets\/([^"]+)"/g)) {
      assert.ok(assetNames().includes(target!), `${name} links to ${target}`);
    }
  }
});

Deno.test("dashboard: nothing comes from elsewhere, nothing is inline", async () => {
  for (const name of assetNames().filter((n) => !n.startsWith("uplot."))) {
    const text = await ask(name).text();
    const urls = [...text.matchAll(/https?:\/\/[^\s"'<>)]+/g)].map(([url]) => url);
    assert.deepEqual(urls.filter((url) => url !== "http://www.w3.org/2000/svg"), [], name);
  }
  const page = await ask("index.html").text();
  assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
});

Deno.test("dashboard: words of state flags are those of the program", () => {
  for (const [name, bit] of Object.entries(StateFlags)) {
    const word = FLAG_WORDS[Math.log2(bit >>> 0)] ?? "";
    if (bit === 0) assert.equal(flagText(0), "");
    else assert.ok(word, `${name} has no word`);
  }
  assert.equal(flagText(StateFlags.BadData | StateFlags.BadTime), "bad data, bad time");
});

Deno.test("dashboard: severities of alarms are those of the program", () => {
  assert.deepEqual(SEVERITIES, Object.keys(KNOWN));
});

Deno.test("dashboard: numbers as operators read them", () => {
  const table: readonly (readonly [string, string])[] = [
    [nanos(12), "12 ns"],
    [nanos(-4321), "-4.32 µs"],
    [nanos(2_500_000), "2.50 ms"],
    [nanos(null), "–"],
    [size(999), "999 B"],
    [size(1_500_000), "1.5 MB"],
    [span(59.9), "59 s"],
    [span(185), "3 min 05 s"],
    [span(7_920), "2 h 12 min"],
    [span(442_800), "5 d 03 h"],
    [measured(288_784.4, "VPHM"), "288\u2009784"],
    [measured(59.98765, "FREQ"), "59.9877"],
    [measured(0x177a, "DIGI"), "0x177A"],
    [quantity(288_784.4, "VPHM", "Volts"), "288.78 kV"],
    [quantity(-42_000_000, "IPHM", "Amps"), "-42.000 MA"],
    [quantity(600.14, "IPHM", "Amps"), "600.1 A"],
    [quantity(-93.421, "VPHA", "Degrees"), "-93.42°"],
    [quantity(0.00094, "DFDT", ""), "0.0009 Hz/s"],
    [quantity(null, "FREQ", "Hz"), "–"],
  ];
  for (const [found, expected] of table) assert.equal(found, expected);
});
