/**
 * Configurations that are refused: what an operator reads, with line, column and key.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ConfigError } from "../../mod/core/mod.ts";
import { readConfig } from "../../mod/gateway/mod.ts";

/** Lines 1 to 3. */
const GATEWAY = '[gateway]\nid = "1f0e9c1a-6a52-4bb1-9d53-7c8f0a1b2c3d"\nname = "EDGE1"\n';
const PIN = "6c3a2d1b0f9e8d7c6b5a493827161504f3e2d1c0bfae9d8c7b6a594837261504";
/** Four lines. */
const SHELBY = '[input.shelby]\ntype = "c37118"\nhost = "192.0.2.10"\nidCode = 235\n';
/** Three lines. */
const WIDE = "[align.wide]\nframesPerSecond = 60\nwaitMs = 100\n";
/** Two lines. */
const ISO = `[subscriber.iso]\npins = ["${PIN}"]\n`;
/** Two lines. */
const UPSTREAM = '[output.upstream]\ntype = "sttp"\n';
/** Four lines: merging units, captured as `how` says. */
const bus = (how: string) => `[input.bus]\ntype = "sv"\ninterface = "eth1"\ncapture = "${how}"\n`;
/** Six lines: a C37.118 stream of one device. */
const STREAM =
  '[output.pdc]\ntype = "c37118"\nidCode = 7\nnominalHz = 50\nstream = "received"\ndevices = [{ device = "A" }]\n';
/** Three lines. */
const PARENT = '[input.parent]\ntype = "sttp"\nhost = "edge2.example"\n';

/** Name; what follows the table `[gateway]` from line 4 on; the beginning of each line of the error, in order. */
const REFUSED: [string, string, ...string[]][] = [
  ["text that is not TOML", "[input.shelby\n", "5:1: not valid TOML: Unterminated table-key"],
  [
    "a key written twice",
    'name = "EDGE2"\n',
    "4:1: not valid TOML: Defining a key multiple times is invalid",
  ],
  [
    "a table misspelt",
    '[inputs.shelby]\ntype = "c37118"\n',
    '4:2: inputs: unknown key; did you mean "input"?',
  ],
  [
    "a key of the gateway misspelt",
    'statedir = "/srv"\n',
    '4:1: gateway.statedir: unknown key; did you mean "stateDir"?',
  ],
  [
    "alarms on a stream and by a rule that there are not, and a trigger that waits twice",
    '[alarm.low]\ncondition = "under"\nlimit = 59.9\nstream = "wide"\nsignals = ["True", "Frequency = 1"]\n' +
    '[event]\n[trigger.x]\nkind = "alarm"\nalarms = ["low"]\ndelayMs = 10\n',
    '7:1: alarm.low.stream: expected the name of "received" or an aligner, found "wide"',
    "8:20: alarm.low.signals.1: ",
    "13:1: trigger.x.delayMs: expected 0, since alarm.low has a delay of its own and is told only when it changes, found 10",
  ],
  [
    "an alarm without its limit, and one whose condition does not exist",
    '[alarm.low]\ncondition = "under"\nsignals = ["True"]\n[alarm.x]\ncondition = "less"\n',
    "4:8: alarm.low.limit: ",
    "8:1: alarm.x.condition: ",
  ],
  [
    "an unknown log level",
    '[log]\nlevel = "warn"\n',
    '5:1: log.level: expected "debug" or "info" or "warning" or "error", found "warn"',
  ],
  [
    "an admin API without TLS for all",
    '[admin]\nlisten = "0.0.0.0:8280"\ninsecure = true\n',
    "5:1: admin.listen: expected a loopback address, since insecure = true is plain HTTP",
  ],
  [
    "a token instead of its hash, which is not repeated",
    '[admin.user.ann]\nroles = ["VIEWER"]\ntoken = "tieline.ann.secret"\n',
    '6:1: admin.user.ann.token: expected the hash that `tieline token new` prints, "credential:NAME" or',
  ],
  [
    "a user without token and pins",
    '[admin.user.ann]\nroles = ["VIEWER"]\n',
    "4:13: admin.user.ann.token: expected a token or pins, found neither",
  ],
  [
    "a role that does not exist",
    '[admin.user.ann]\nroles = ["ADMIN"]\npins = ["x"]\n',
    '5:10: admin.user.ann.roles.0: expected "VIEWER" or "OPERATOR" or "ENGINEER" or "SECADM" or "SECAUD", found "ADMIN"',
  ],
  [
    "a signer that is no key",
    '[config]\nsigners = ["ann"]\n',
    '5:12: config.signers.0: expected "ed25519:" and 32 bytes in base64, as `tieline config key` prints them, found "ann"',
  ],

  [
    "an observer where the process gives its rights up",
    `${bus("process")}[clock]\n[clock.observer]\ninterface = "eth1"\n`,
    '8:2: clock.capture: expected "process", since input.bus has "process", found "self": a process that gives its ' +
    "rights up cannot hear PTP",
  ],
  [
    "a clock of another process where this one captures",
    `${bus("worker")}[clock]\ncapture = "process"\n`,
    '9:1: clock.capture: expected "self", since input.bus has "worker", found "process": a process that captures ' +
    "cannot give its rights up",
  ],
  [
    "an unknown way to hear PTP",
    '[clock]\ncapture = "worker"\n',
    '5:1: clock.capture: expected "self" or "process", found "worker"',
  ],

  [
    "an input without type",
    '[input.a]\nhost = "192.0.2.1"\n',
    '4:8: input.a.type: expected "c37118" or "sttp" or "sv", found nothing',
  ],
  [
    "an input of unknown type",
    '[input.a]\ntype = "c37.118"\n',
    '5:1: input.a.type: expected "c37118" or "sttp" or "sv", found "c37.118"',
  ],
  [
    "a name with a blank",
    '[input."a b"]\ntype = "c37118"\nhost = "192.0.2.1"\nidCode = 1\n',
    '4:8: input.a b: expected 1 to 64 letters, digits, "_" or "-" as a name, found "a b"',
  ],
  [
    "a key in other letters",
    '[input.a]\ntype = "c37118"\nhost = "192.0.2.1"\nidcode = 1\n',
    "4:8: input.a.idCode: expected this key, found nothing",
    '7:1: input.a.idcode: unknown key; did you mean "idCode"?',
  ],
  [
    "a port beyond the range",
    `${SHELBY}port = 70000\n`,
    "8:1: input.shelby.port: expected a whole number from 0 to 65535, found 70000",
  ],
  [
    "a port as text",
    `${SHELBY}port = "4712"\n`,
    '8:1: input.shelby.port: expected number, found "4712"',
  ],
  [
    "an unknown transport",
    `${SHELBY}transport = "tls"\n`,
    '8:1: input.shelby.transport: expected "tcp" or "tcp-listen" or "udp" or "tcp+udp" or "multicast" or "udp-listen", found "tls"',
  ],
  [
    "no host to dial",
    '[input.a]\ntype = "c37118"\nidCode = 1\n',
    "4:8: input.a.host: expected host for this transport, found nothing",
  ],
  [
    "no group to join",
    '[input.a]\ntype = "c37118"\ntransport = "multicast"\nidCode = 1\n',
    "4:8: input.a.group: expected group for this transport, found nothing",
  ],
  [
    "a time zone by name",
    `${SHELBY}timeZone = "CET"\n`,
    '8:1: input.shelby.timeZone: expected an offset such as "+01:00" or whole minutes, found "CET"',
  ],
  [
    "back-off upside down",
    `${SHELBY}reconnectMinMs = 5000\nreconnectMaxMs = 1000\n`,
    "9:1: input.shelby.reconnectMaxMs: expected reconnectMinMs or more",
  ],
  [
    "an acronym in small letters",
    `${SHELBY}devices = [{ acronym = "north", idCode = 1 }]\n`,
    '8:14: input.shelby.devices.0.acronym: expected an acronym of 1 to 64 characters A-Z 0-9 - ! _ . @ # $, found "north"',
  ],
  [
    "a device without anything to know it by",
    `${SHELBY}devices = [{ acronym = "NORTH" }]\n`,
    "8:1: input.shelby.devices: expected idCode, station or position for each device",
  ],
  [
    "a misspelt key in a list on several lines",
    `${SHELBY}devices = [\n  { acronym = "NORTH", idCode = 1 },\n  { acronym = "SOUTH", idcode = 2 },\n]\n`,
    '10:24: input.shelby.devices.1.idcode: unknown key; did you mean "idCode"?',
  ],

  [
    "an acronym twice within an input",
    `${SHELBY}devices = [{ acronym = "NORTH", idCode = 1 }, { acronym = "NORTH", idCode = 2 }]\n`,
    "8:1: input.shelby.devices: expected each acronym once, found one twice",
  ],
  [
    "an acronym that another input has",
    `${SHELBY}[input.b]\ntype = "c37118"\nhost = "192.0.2.2"\nidCode = 1\nacronym = "SHELBY"\n`,
    "12:1: input.b.acronym: expected each acronym once, SHELBY is that of input.shelby.acronym too",
  ],
  [
    "a device with the acronym of another input",
    `${SHELBY}[input.b]\ntype = "c37118"\nhost = "192.0.2.2"\nidCode = 1\ndevices = [{ acronym = "SHELBY", idCode = 1 }]\n`,
    "12:14: input.b.devices.0.acronym: expected each acronym once, SHELBY is that of input.shelby.acronym too",
  ],
  [
    "two names that make one acronym",
    `${SHELBY}[input.SHELBY]\ntype = "c37118"\nhost = "192.0.2.2"\nidCode = 1\n`,
    "8:8: input.SHELBY.acronym: expected each acronym once, SHELBY is that of input.shelby.acronym too",
  ],

  [
    "a publisher with the acronym of a local device",
    `${SHELBY}${PARENT}insecure = true\nacronym = "SHELBY"\n`,
    "12:1: input.parent.acronym: expected each acronym once, SHELBY is that of input.shelby.acronym too",
  ],
  [
    "an acronym of statistics",
    `${SHELBY}acronym = "SHELBY!IS"\n`,
    "8:1: input.shelby.acronym: expected an acronym that does not end in !IS, as those of statistics do",
  ],

  [
    "a publisher that cannot be told from others",
    PARENT,
    "4:8: input.parent.pins: expected pins or issuedBy, so that the publisher can be told from others, or insecure = true",
  ],
  [
    "a key without its certificate",
    `${PARENT}insecure = true\nkey = "key.pem"\n`,
    "4:8: input.parent: expected both certificate and key, or neither",
  ],
  [
    "a silence shorter than keep-alives",
    `${PARENT}insecure = true\ndataLossMs = 100\n`,
    "8:1: input.parent.dataLossMs: expected a whole number from 6000 to 3600000, found 100",
  ],

  [
    "an aligner of an unknown input",
    `${SHELBY}${WIDE}inputs = ["shelbi"]\n`,
    '11:11: align.wide.inputs.0: expected the name of an input, found "shelbi"; did you mean "shelby"?',
  ],
  [
    "an aligner of nothing",
    `${WIDE}inputs = []\n`,
    "7:1: align.wide.inputs: expected 1 or more, found 0",
  ],
  [
    "a rate of nothing",
    "[align.wide]\nframesPerSecond = 0\nwaitMs = 100\n",
    "5:1: align.wide.framesPerSecond: expected a whole number from 1 to 240, found 0",
  ],
  [
    "a wait misspelt",
    "[align.wide]\nframesPerSecond = 60\nwaitMS = 100\n",
    "4:8: align.wide.waitMs: expected this key, found nothing",
    '6:1: align.wide.waitMS: unknown key; did you mean "waitMs"?',
  ],
  [
    "an aligner called received",
    "[align.received]\nframesPerSecond = 60\nwaitMs = 100\n",
    '4:8: align.received: expected another name: "received" is the stream of all frames',
  ],

  [
    "an output of unknown type",
    '[output.upstream]\ntype = "influx"\n',
    '5:1: output.upstream.type: expected "sttp" or "c37118", found "influx"',
  ],
  [
    "a C37.118 stream that does not say that it is insecure",
    `${STREAM}clients = { pdc = ["192.0.2.4"] }\n`,
    "4:9: output.pdc.insecure: expected insecure = true: C37.118 has neither encryption",
  ],
  [
    "a C37.118 stream that nobody may take",
    `${STREAM}insecure = true\n`,
    "4:9: output.pdc.clients: expected clients with their addresses where listen is set",
  ],
  [
    "a C37.118 stream of an aligner that is not there",
    `${STREAM}insecure = true\nclients = { pdc = ["192.0.2.4"] }\n`.replace('"received"', '"wide"'),
    '8:1: output.pdc.stream: expected the name of "received" or an aligner, found "wide"',
  ],
  [
    "a rule of a C37.118 stream that is none",
    `${STREAM}insecure = true\nclients = { pdc = ["192.0.2.4"] }\nallow = ["Device ="]\n`,
    "12:10: output.pdc.allow.0: ",
  ],
  [
    "a port without an address",
    `${UPSTREAM}listen = "7165"\n`,
    '6:1: output.upstream.listen: expected "host:port" or "[IPv6]:port", found "7165"',
  ],
  [
    "an output with nothing to do",
    `${UPSTREAM}listen = ""\n`,
    "4:9: output.upstream: expected listen, or at least one dial",
  ],
  [
    "a certificate without its key",
    `${UPSTREAM}certificate = "cert.pem"\n`,
    "4:9: output.upstream: expected both certificate and key, or neither",
  ],
  [
    "a queue longer than the log",
    `${UPSTREAM}logBytes = 1_048_576\n`,
    "4:9: output.upstream: expected queueBytes to be at most logBytes",
  ],
  [
    "a call to an unknown subscriber",
    `${ISO}${UPSTREAM}dial = [{ subscriber = "izo", address = "iso.example:7165" }]\n`,
    '8:11: output.upstream.dial.0.subscriber: expected the name of a subscriber, found "izo"; did you mean "iso"?',
  ],

  [
    "a stream that no aligner feeds",
    `${WIDE}${ISO}stream = "wyde"\n`,
    '9:1: subscriber.iso.stream: expected the name of "received" or an aligner, found "wyde"; did you mean "wide"?',
  ],
  [
    "rights misspelt",
    `${ISO}alow = ["True"]\n`,
    '6:1: subscriber.iso.alow: unknown key; did you mean "allow"?',
  ],
  [
    "a subscriber that nothing identifies",
    '[subscriber.iso]\nallow = ["True"]\n',
    '4:13: subscriber.iso: Expected pins, issuedBy or plainAddress for subscriber "iso", found none',
  ],
  [
    "a pin that is too short",
    '[subscriber.iso]\npins = ["sha256:12ab"]\n',
    '5:9: subscriber.iso.pins.0: Expected a SHA-256 fingerprint of 64 hex digits, found "sha256:12ab"',
  ],
  [
    "three pins",
    `[subscriber.iso]\npins = ["${PIN}", "a", "b"]\n`,
    "5:1: subscriber.iso.pins: expected at most two pins",
  ],
  [
    "one pin for two",
    `${ISO}[subscriber.pdc]\npins = ["${PIN}"]\n`,
    '7:9: subscriber.pdc.pins.0: Expected this pin once, found it in subscriber "iso" too',
  ],
  [
    "a prefix that is too long",
    `${ISO}addresses = ["10.0.0.0/8", "10.0.0.0/99"]\n`,
    '6:28: subscriber.iso.addresses.1: Cannot read an address block: expected a prefix of 0 to 32 bits, found "10.0.0.0/99"',
  ],
  [
    "an empty list of addresses",
    `${ISO}addresses = []\n`,
    "6:1: subscriber.iso.addresses: Expected an address, found an empty list",
  ],
  [
    "a name for a plain address",
    '[subscriber.iso]\nplainAddress = ["localhost"]\n',
    '5:17: subscriber.iso.plainAddress.0: Expected an IP address, found "localhost"',
  ],
  [
    "one plain address for two",
    '[subscriber.a]\nplainAddress = ["127.0.0.1"]\n[subscriber.b]\nplainAddress = ["127.0.0.1"]\n',
    '7:17: subscriber.b.plainAddress.0: Expected the address 127.0.0.1 once, found it in subscriber "a" too',
  ],
  [
    "a file of authorities that is missing",
    '[subscriber.iso]\nissuedBy = { ca = ["/nonexistent/ca.pem"], subject = "CN=iso" }\n',
    "5:20: subscriber.iso.issuedBy.ca.0: cannot read the file: No such file or directory",
  ],
  [
    "no authority",
    '[subscriber.iso]\nissuedBy = { ca = [], subject = "CN=iso" }\n',
    "5:14: subscriber.iso.issuedBy.ca: Expected the certificate of an authority, found none",
  ],

  [
    "a rule with an unknown column",
    `${ISO}allow = ["Devise = 'SHELBY'"]\n`,
    '6:10: subscriber.iso.allow.0: expected a column of table ActiveMeasurements, found "Devise"',
  ],
  [
    "a rule on a label from the wire",
    `${ISO}allow = [\n  "Device = 'SHELBY'",\n  "Description LIKE '%BUS%'",\n]\n`,
    "8:3: subscriber.iso.allow.1: expected a column that is configured, found Description: it carries text that a device sends",
  ],
  [
    "a rule on a guess from a label",
    `${ISO}deny = ["Device = 'A' OR Phase = 'A'"]\n`,
    "6:9: subscriber.iso.deny.0: expected a column that is configured, found Phase",
  ],
  [
    "a rule that is no sentence",
    `${ISO}allow = ["Device = "]\n`,
    '6:10: subscriber.iso.allow.0: expected a value, a column, a function or "(", found the end',
  ],
  [
    "a rule that does not type-check",
    `${ISO}allow = ["FramesPerSecond LIKE 'x'"]\n`,
    "6:10: subscriber.iso.allow.0: operator LIKE expected a String on its left, found Int32",
  ],
  [
    "a rule on the number of signals",
    `${ISO}allow = ["FILTER TOP 5 ActiveMeasurements WHERE True"]\n`,
    "6:10: subscriber.iso.allow.0: expected a condition on each signal, found TOP or ORDER BY",
  ],
  [
    "a rule on the time",
    `${ISO}allow = ["Now() > #2026-01-01#"]\n`,
    "6:10: subscriber.iso.allow.0: expected rights that do not depend on the time",
  ],
  [
    "a rule on another table",
    `${ISO}allow = ["FILTER Measurements WHERE True"]\n`,
    '6:10: subscriber.iso.allow.0: expected one of the tables ActiveMeasurements, found "Measurements"',
  ],
  [
    "an empty rule",
    `${ISO}allow = [""]\n`,
    "6:10: subscriber.iso.allow.0: expected a rule of 1 to 65536 characters",
  ],

  [
    "a revoked fingerprint that is none",
    '[revoked]\nfingerprints = ["x"]\n',
    '5:17: revoked.fingerprints.0: Expected a SHA-256 fingerprint of 64 hex digits, found "x"',
  ],
  [
    "a revoked serial number that is none",
    '[revoked]\nserials = [{ issuer = "CN=ca", serial = "zz" }]\n',
    '5:32: revoked.serials.0.serial: Expected a serial number in hex, found "zz"',
  ],

  [
    "a plain listener that can know nobody",
    `[output.plain]\ntype = "sttp"\ninsecure = true\n${ISO}`,
    "6:1: output.plain.insecure: expected a subscriber with plainAddress, found none",
  ],
  [
    "a publisher with a pin that is none",
    `${PARENT}pins = ["x"]\n`,
    '7:9: input.parent.pins.0: Expected a SHA-256 fingerprint of 64 hex digits, found "x"',
  ],
  [
    "a publisher whose authority is in no file",
    `${PARENT}issuedBy = { ca = ["/nowhere/ca.pem"], subject = "CN=x" }\n`,
    "7:14: input.parent.issuedBy.ca: cannot read the file: ",
  ],
  [
    "more memory than the budget",
    `memoryMB = 100\n${UPSTREAM}${ISO}`,
    "4:1: gateway.memoryMB: expected a configuration that needs at most 100 MB, found one that needs ",
  ],
  [
    "a log larger than the default budget",
    `${UPSTREAM}logBytes = 1_000_000_000\n${ISO}`,
    "1:2: gateway.memoryMB: expected a configuration that needs at most 250 MB, found one that needs ",
  ],
  [
    "several faults at once, in the order of the text",
    'memoryMb = 7\n[input.a]\ntype = "c37118"\nhost = "192.0.2.1"\nport = 0.5\n',
    '4:1: gateway.memoryMb: unknown key; did you mean "memoryMB"?',
    "5:8: input.a.idCode: expected this key, found nothing",
    "8:1: input.a.port: expected a whole number from 0 to 65535, found 0.5",
  ],
];

/** Whole texts, for what concerns the table `[gateway]` itself. */
const REFUSED_WHOLE: [string, string, ...string[]][] = [
  ["an empty text", "", "1:1: gateway: expected this key, found nothing"],
  ["no gateway", SHELBY, "1:1: gateway: expected this key, found nothing"],
  [
    "a GUID in capitals",
    GATEWAY.replace("1f0e9c1a", "1F0E9C1A"),
    '2:1: gateway.id: expected a GUID in lower case with hyphens, found "1F0E9C1A-',
  ],
  [
    "a name in small letters",
    GATEWAY.replace("EDGE1", "edge1"),
    "3:1: gateway.name: expected an acronym of 1 to 64 characters A-Z 0-9 - ! _ . @ # $, found ",
  ],
  [
    "a text of 5 MB",
    `${GATEWAY}# ${"x".repeat(5e6)}`,
    "expected at most 4194304 characters, found 50000",
  ],
];

const all = [
  ...REFUSED.map(([name, text, ...lines]) => ({ name, text: GATEWAY + text, lines })),
  ...REFUSED_WHOLE.map(([name, text, ...lines]) => ({ name, text, lines })),
];

for (const { name, text, lines } of all) {
  Deno.test(`config: refused: ${name}`, () => {
    assert.throws(() => readConfig(text, "site.toml"), (error) => {
      assert.ok(error instanceof ConfigError, String(error));
      const found = error.message.split("\n");
      assert.equal(found.length, lines.length, error.message);
      for (const [i, line] of lines.entries()) {
        const expected = /^\d/.test(line) ? `site.toml:${line}` : `site.toml: ${line}`;
        assert.equal(found[i]!.slice(0, expected.length), expected);
      }
      return true;
    });
  });
}

Deno.test("config: what the refused texts are built from is accepted", () => {
  const text = GATEWAY + SHELBY + WIDE + ISO + UPSTREAM + PARENT + "insecure = true\n";
  const config = readConfig(text, "site.toml");
  assert.deepEqual(Object.keys(config.input), ["shelby", "parent"]);
});
