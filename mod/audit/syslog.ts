/**
 * Entries of an audit trail as syslog messages (RFC 5424).
 *
 * @module
 */
import type { AuditEntry } from "./entry.ts";

/** Facility 13, log audit; severity 5, notice, and 4, warning, for what was refused. */
const FACILITY = 13;
/** The enterprise number that RFC 5612 sets aside for documentation: the project has none of its own. */
const ENTERPRISE = 32473;
/** Control characters, which neither a collector nor a terminal should get. */
// deno-lint-ignore no-control-regex -- they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]+/g;

/** One line for an entry, without an end of line; `host` is the gateway's name. */
export function syslogLine(entry: AuditEntry, host: string): string {
  const priority = FACILITY * 8 + (entry.outcome === "done" ? 5 : 4);
  const data = Object.entries({
    number: entry.number,
    who: entry.who,
    from: entry.from,
    outcome: entry.outcome,
    before: entry.before,
    after: entry.after,
    request: entry.request,
    previous: entry.previous,
    hash: entry.hash,
  }).filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `${name}="${escaped(String(value))}"`).join(" ");
  const text = entry.detail.replace(CONTROL, " ");
  return `<${priority}>1 ${entry.time} ${word(host, 255)} tieline - ${word(entry.action, 32)} ` +
    `[audit@${ENTERPRISE} ${data}]${text ? ` \u{feff}${text}` : ""}`;
}

/** PARAM-VALUE, section 6.3.3. */
function escaped(text: string): string {
  return text.replace(/["\\\]]/g, "\\$&").replace(CONTROL, " ");
}

/** PRINTUSASCII without blanks, section 6; a hyphen for nothing. */
function word(text: string, length: number): string {
  return text.replace(/[^\x21-\x7e]/g, "_").slice(0, length) || "-";
}
