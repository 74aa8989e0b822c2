import assert from "node:assert/strict";
import { Command, Response } from "./constants.ts";
import { TestPeer } from "./publisher_testing.ts";

interface ClientCase {
  readonly client: string;
  readonly version: number;
  readonly compression: boolean;
  readonly udpPort: number;
  readonly option: string;
  readonly commands: readonly { readonly code: number; readonly frame: string }[];
}

const FIXTURE = new URL("../../tests/fixtures/sttp/client-commands.json", import.meta.url);
// The fixture's README gives its shape.
const { cases } = JSON.parse(await Deno.readTextFile(FIXTURE)) as { cases: ClientCase[] };

/** Whether the modes and the option of a case make a subscription that is refused. */
function refused(c: ClientCase): boolean {
  return c.udpPort > 0 || c.option === "hist";
}

for (const [number, c] of cases.entries()) {
  const how = `v${c.version} ${c.compression ? "" : "un"}compressed, ${c.option}`;
  const udp = c.udpPort > 0 ? `, UDP ${c.udpPort}` : "";
  Deno.test(`PublisherSession: ${number}: the commands of ${c.client}, ${how}${udp}`, () => {
    const peer = new TestPeer({ version: c.version });
    peer.autoConfirm = false; // the confirmations are among the commands
    peer.rights.grant([0, 1, 2], [0, 1, 2, 3]);
    peer.format = {
      ...peer.format,
      includeTime: c.option !== "notime",
      millisecondResolution: c.option === "ms",
    };
    // One case is a single command, taken from the middle of a session.
    if (c.commands[0]!.code !== Command.DefineOperationalModes) peer.hello();
    for (const { frame } of c.commands) {
      peer.sendRaw(Uint8Array.from(frame.match(/../g)!, (byte) => parseInt(byte, 16)));
      while (peer.requests.length > 0) {
        peer.requests.pop();
        peer.session.answerMetadata(new Uint8Array(1));
      }
    }
    assert.equal(peer.closed, undefined);
    assert.equal(peer.texts[0]!.command, Command.DefineOperationalModes);
    assert.equal(peer.texts[0]!.response, Response.Succeeded);
    const answer = peer.texts.find((t) => t.command === Command.Subscribe)!;
    assert.equal(answer.response, refused(c) ? Response.Failed : Response.Succeeded, answer.text);
    const unsubscribed = c.commands.some((command) => command.code === Command.Unsubscribe);
    for (let n = 0; n < 3; n++) peer.publish([0, 3, 2], 1_700_000_000 + n, n);
    peer.session.pump(1 << 20);
    peer.advance(2600);
    const values = peer.take().map((m) => m.value);
    const last = c.commands.at(-1)!.code === Command.Unsubscribe;
    if (refused(c) || last) assert.deepEqual(values, []);
    else if (c.option === "throttled") assert.deepEqual(values, [2, 4]);
    else assert.deepEqual(values, [0, 2, 1, 3, 2, 4]);
    if (unsubscribed && !refused(c)) {
      assert.ok(peer.texts.some((t) => t.command === Command.Unsubscribe));
    }
    assert.deepEqual(peer.books.unbalanced(), []);
  });
}
