/**
 * Hostile payloads of every command against a publisher's session, beside a subscriber that must not notice.
 *
 * Shared by the test, which takes a bounded number, and the long run in bench/sttp_fuzz.ts.
 *
 * @module
 */
import { Command } from "./constants.ts";
import { commandFrame } from "./framing.ts";
import { TestPeer } from "./publisher_testing.ts";
import { encodeText } from "./text.ts";

/** What became of the inputs. */
export interface FuzzCount {
  /** Inputs that were given. */
  readonly inputs: number;
  /** Sessions that the hostile side needed, for many inputs end theirs. */
  readonly sessions: number;
  /** Answers Failed. */
  readonly refusals: number;
}

const HANDLES = [0, 1, 2, 3];
/** Inputs after which a session is ended, so that inputs meet sessions of every age. */
const MOST_PER_SESSION = 64;
/** Words of connection strings, which random bytes would hardly ever make. */
const WORDS = [
  "filterExpression={",
  "}",
  "FILTER ActiveMeasurements WHERE ",
  "throttled=1",
  ";",
  "=",
  "publishInterval=1e309",
  "dataChannel={port=99999}",
  "includeTime=false",
  "startTimeConstraint=*-1d",
  "processingInterval=-1",
  "assemblyInfo={source=x;version=",
  "\u0000",
  "{{{{",
  "0,1,2",
];

/**
 * Gives `inputs` payloads that `seed` makes; throws if the books of either side fail to balance or the other subscriber
 * misses a value, and lets through whatever the session throws: it should throw nothing.
 */
export function fuzzPublisher(inputs: number, seed: number): FuzzCount {
  const random = randomOf(seed);
  const other = new TestPeer();
  other.rights.grant(HANDLES, HANDLES);
  other.hello();
  other.subscribe("all");
  let sessions = 0, refusals = 0, given = 0;
  while (given < inputs) {
    const peer = new TestPeer({ version: 1 + random(3), deaf: true });
    sessions++;
    peer.rights.grant([0, 1], HANDLES);
    if (random(8) > 0) peer.hello(random(2) > 0 ? 0xe0000260 : 0xc0000220);
    if (random(2) > 0) peer.subscribe("0,1");
    for (let n = 0; n < MOST_PER_SESSION && given < inputs && !peer.closed; n++, given++) {
      peer.rights.steps = random(16); // a third of the subscriptions is still being made when the next input comes
      peer.session.receive(hostileFrame(random), peer.nowMs);
      for (let work = random(8); work > 0; work--) peer.session.work();
      if (n % 8 > 0) continue;
      peer.publish(HANDLES, 1000 + n, n);
      peer.nowMs += 100;
      peer.session.tick(peer.nowMs, peer.nowMs * 1000, 1 << 16);
      peer.session.pump(1 << 16);
    }
    refusals += peer.session.status().refusals;
    peer.session.end();
    if (peer.books.unbalanced().length > 0 || peer.books.queuedTotal !== 0) {
      throw new Error(`Expected books that balance, input ${given} of seed ${seed}`);
    }
    other.publish(HANDLES, 1000 + sessions, sessions);
    other.session.pump(1 << 16);
    const values = other.take().map(({ value }) => value);
    if (values.join() !== HANDLES.map((handle) => handle + sessions).join()) {
      throw new Error(`Expected four values for the other, found ${values}, input ${given}`);
    }
    other.books.balances.clear();
  }
  return { inputs: given, sessions, refusals };
}

/** One command frame, sometimes damaged. */
export function hostileFrame(random: (below: number) => number): Uint8Array {
  const command = random(4) > 0 ? 1 + random(13) : random(256);
  let payload: Uint8Array = bytes(random, random(4) > 0 ? random(24) : random(400));
  if ((command === Command.Subscribe || command === Command.MetadataRefresh) && random(3) > 0) {
    let text = "";
    for (let n = random(8); n >= 0; n--) text += WORDS[random(WORDS.length)]!;
    const content = encodeText(text, "utf-8");
    const lead = command === Command.Subscribe ? 5 : 4;
    payload = new Uint8Array(lead + content.length);
    payload[0] = 2;
    const size = random(8) > 0 ? content.length : random(0x7fffffff);
    new DataView(payload.buffer).setUint32(lead - 4, size);
    payload.set(content, lead);
  }
  const frame = commandFrame(command, payload);
  if (random(50) === 0) frame[random(frame.length)] = random(256);
  return frame;
}

function bytes(random: (below: number) => number, length: number): Uint8Array {
  const result = new Uint8Array(length);
  for (let i = 0; i < length; i++) result[i] = random(256);
  return result;
}

/** Whole numbers from 0 to below the argument (xorshift). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
