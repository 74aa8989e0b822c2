import assert from "node:assert/strict";
import {
  type CertificateExpiry,
  EXPIRY_WARNING_SECONDS,
  ExpiryWarnings,
} from "./certificate_expiry.ts";

const DAY_SECONDS = 86_400;

Deno.test("a certificate that ends soon is warned about once a day, an expired one too", () => {
  let nowMs = 0;
  const lines: string[] = [];
  const note = (line: string) => void lines.push(line);
  const log = { debug: note, info: note, warn: note, error: note };
  const warnings = new ExpiryWarnings({ nowMicros: () => 0, monotonicMs: () => nowMs }, log);
  const certificate = (name: string, secondsLeft: number): CertificateExpiry => ({
    role: "own",
    name,
    subject: "CN=gateway",
    fingerprint: name,
    notAfterMicros: 1e15,
    secondsLeft,
    warning: secondsLeft < EXPIRY_WARNING_SECONDS,
  });
  const all = [
    certificate("far", 31 * DAY_SECONDS),
    certificate("near", 29 * DAY_SECONDS),
    certificate("over", -1),
  ];
  for (nowMs = 0; nowMs < 3 * DAY_SECONDS * 1000; nowMs += 60_000) warnings.check(all);
  const of = (name: string) => lines.filter((line) => line.startsWith(`${name}:`));
  assert.equal(of("far").length, 0);
  assert.equal(of("near").length, 3);
  assert.equal(of("over").length, 3);
  assert.match(of("near")[0]!, /expires on 2001-09-09, in 29 days$/);
  assert.match(of("over")[0]!, /expired on 2001-09-09$/);
});
