import assert from "node:assert/strict";
import { GroupMembership } from "./group_membership.ts";
import { until } from "../../tests/support/waiting.ts";

/** An interface that could be a member, with an address of each family. */
function someInterface(): string | undefined {
  const all = Deno.networkInterfaces();
  return all.find(({ name, scopeid }) =>
    (scopeid ?? 0) > 0 && all.some((i) => i.name === name && i.family === "IPv4")
  )?.name;
}

/** Groups of an interface that the kernel knows of, in hex as its tables have them. */
async function groupsOf(name: string): Promise<string> {
  const four = await Deno.readTextFile("/proc/net/igmp"); // groups below the line of their interface
  const start = four.search(new RegExp(`^\\d+\\s+${name}\\s*:`, "m"));
  const rest = four.slice(start), end = rest.slice(1).search(/^\d/m);
  const six = await Deno.readTextFile("/proc/net/igmp6");
  const lines = six.split("\n").filter((line) => line.split(/\s+/)[1] === name);
  return [end < 0 ? rest : rest.slice(0, end + 1), ...lines].join("\n").toLowerCase();
}

Deno.test("group membership: the host is a member until it is closed, without a port that anybody sends to", async () => {
  const name = someInterface();
  if (name === undefined) {
    return console.log("skipped: no interface with addresses of both families here");
  }
  // Groups of this run alone: another one may be under way on the same host.
  const [high, low] = crypto.getRandomValues(new Uint8Array(2)) as Iterable<number>;
  const hex = (...octets: number[]) => octets.map((o) => o.toString(16).padStart(2, "0")).join("");
  const last = hex(0x80 | high!, low!);
  const [group4, group6, link6] = [`239.1.${high}.${low}`, `ff0e::${last}`, `ff02::${last}`];
  const marks = [hex(low!, high!, 1, 239), `ff0e${"0".repeat(24)}${last}`]; // IPv4 as a little-endian word
  for (const mark of marks) assert.ok(!(await groupsOf(name)).includes(mark), mark);
  const four = await GroupMembership.join(name, [group4]);
  const six = await GroupMembership.join(name, [group6, link6]);
  try {
    for (const mark of [...marks, `ff02${"0".repeat(24)}${last}`]) {
      assert.ok((await groupsOf(name)).includes(mark), `${mark} in ${await groupsOf(name)}`);
    }
  } finally {
    four.close();
    six.close();
    six.close();
  }
  for (const mark of marks) {
    await until(async () => !(await groupsOf(name)).includes(mark), `${mark} to be left`);
  }
});

Deno.test("group membership: an interface that is not there, or has no address", async () => {
  await assert.rejects(
    GroupMembership.join("tl-none", ["224.0.1.129"]),
    /IPv4 address, found "tl-n/,
  );
  await assert.rejects(GroupMembership.join("tl-none", ["ff02::181"]), /link-local .* "tl-none"/);
  await assert.rejects(GroupMembership.join("lo", ["192.0.2.1"]), Error);
});
