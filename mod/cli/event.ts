/**
 * `tieline event`: event records of a running gateway, and recording by hand.
 *
 * @module
 */
import { Command, InvalidArgumentError } from "commander";
import * as v from "valibot";
import { EXPORT_FORMATS, type ExportFormat } from "../archive/mod.ts";
import { AdminClient, type AdminOptions, withAdminOptions } from "./admin_client.ts";
import { amount, CommandError, whole } from "./options.ts";

const recordSchema = v.object({
  id: v.string(),
  event: v.string(),
  stream: v.string(),
  start: v.string(),
  end: v.string(),
  bytes: v.number(),
  protected: v.boolean(),
  file: v.string(),
  summary: v.looseObject({
    seconds: v.optional(v.number()),
    trigger: v.optional(
      v.nullable(v.looseObject({ name: v.string(), kind: v.string(), channel: v.string() })),
    ),
  }),
});
const listSchema = v.object({ items: v.array(recordSchema), next: v.nullable(v.string()) });

interface ListOptions extends AdminOptions {
  readonly stream?: string;
  readonly event?: string;
  readonly limit: number;
  readonly json?: boolean;
}

interface GetOptions extends AdminOptions {
  readonly format: ExportFormat;
  readonly data?: string;
  readonly scaled?: boolean;
  readonly part?: number;
  readonly out?: string;
}

interface TriggerOptions extends AdminOptions {
  readonly stream?: string[];
  readonly name?: string;
  readonly pre?: number;
  readonly post?: number;
}

/** The `event` command with its sub-commands. */
export function eventCommand(): Command {
  const command = new Command("event").description(
    "event records of a running gateway, and recording by hand",
  );
  const sub = (name: string, description: string) =>
    withAdminOptions(command.command(name).description(description))
      .argument("<host>", "host:port of the admin API, or its URL");
  sub("list", "the newest records")
    .option("--stream <name>", "of one stream")
    .option("--event <guid>", "of one event")
    .option("--limit <n>", "how many", whole(1, 1000), 20)
    .option("--json", "one JSON line per record")
    .action(list);
  sub("get", "fetch a record, as it is or in another form")
    .argument("<id>", "identity of the record")
    .option("--format <form>", EXPORT_FORMATS.join(", "), formatOf, "cbor")
    .option(
      "--data <kind>",
      "samples of COMTRADE: BINARY32, ASCII, FLOAT32, BINARY; default what keeps them exact",
    )
    .option("--scaled", "CSV in units in place of raw values")
    .option("--part <n>", "which waveform, after a step of the clock", whole(0, 1000))
    .option("--out <file>", "where to; default the name that the gateway gives it")
    .action(get);
  sub("trigger", "record now, with what was just before it")
    .option("--stream <name...>", "streams; default those of the trigger, or all")
    .option("--name <trigger>", "a manual trigger of the configuration")
    .option("--pre <ms>", "time before it in milliseconds", amount)
    .option("--post <ms>", "time after it in milliseconds", amount)
    .action(trigger);
  for (const isProtected of [true, false]) {
    sub(
      isProtected ? "protect" : "unprotect",
      isProtected ? "keep a record whatever its age" : "let retention have a record again",
    )
      .argument("<id>", "identity of the record")
      .action(async (host: string, id: string, options: AdminOptions) => {
        await (await AdminClient.make(host, options)).call(
          "PUT",
          `${pathOf(id)}/protection`,
          { body: JSON.stringify({ protected: isProtected }) },
        );
      });
  }
  sub("remove", "remove a record")
    .argument("<id>", "identity of the record")
    .action(async (host: string, id: string, options: AdminOptions) => {
      await (await AdminClient.make(host, options)).call("DELETE", pathOf(id));
    });
  return command;
}

async function list(host: string, options: ListOptions): Promise<void> {
  const client = await AdminClient.make(host, options);
  const query = new URLSearchParams({ limit: String(options.limit) });
  if (options.stream !== undefined) query.set("stream", options.stream);
  if (options.event !== undefined) query.set("event", options.event);
  const { items } = await client.json(listSchema, "GET", `/api/events?${query}`);
  for (const item of items) {
    if (options.json) {
      console.log(JSON.stringify(item));
      continue;
    }
    const { trigger, seconds = 0 } = item.summary;
    const why = trigger ? `${trigger.name} ${trigger.channel}`.trim() : "";
    console.log(
      [
        item.id,
        item.start,
        `${seconds.toFixed(3)} s`,
        `${(item.bytes / 1000).toFixed(0)} kB`,
        item.stream,
        why,
        item.protected ? "protected" : "",
      ].filter((word) => word !== "").join("  "),
    );
  }
}

async function get(host: string, id: string, options: GetOptions): Promise<void> {
  const client = await AdminClient.make(host, options);
  const query = new URLSearchParams({ format: options.format });
  if (options.data !== undefined) query.set("data", options.data);
  if (options.scaled) query.set("scaled", "true");
  if (options.part !== undefined) query.set("part", String(options.part));
  const { bytes, headers } = await client.call("GET", `${pathOf(id)}/record?${query}`, {
    large: true,
  });
  // The name is the gateway's word: letters, digits and a few signs, nothing that leaves the folder.
  const given = /filename="([A-Za-z0-9._-]+)"/.exec(headers.get("content-disposition") ?? "")?.[1];
  const file = options.out ?? given ?? `${id}.${options.format}`;
  await Deno.writeFile(file, bytes);
  console.log(file);
  const parts = Number(headers.get("tieline-parts") ?? 1);
  if (parts > 1 && options.part === undefined) {
    console.error(`The record has ${parts} waveforms; --part 1 and so on fetch the others`);
  }
}

async function trigger(host: string, options: TriggerOptions): Promise<void> {
  const client = await AdminClient.make(host, options);
  const { event, streams, devices } = await client.json(
    v.object({
      event: v.string(),
      streams: v.array(v.string()),
      devices: v.optional(v.array(v.string()), []),
    }),
    "POST",
    "/api/events/trigger",
    {
      body: JSON.stringify({
        ...(options.name !== undefined && { name: options.name }),
        ...(options.stream && { streams: options.stream }),
        ...(options.pre !== undefined && { preMs: options.pre }),
        ...(options.post !== undefined && { postMs: options.post }),
      }),
    },
  );
  const told = [...streams, ...devices];
  if (told.length === 0) throw new CommandError("No stream records: none of them runs");
  console.log(`${event}  ${told.join(", ")}`);
}

function pathOf(id: string): string {
  return `/api/events/${encodeURIComponent(id)}`;
}

function formatOf(text: string): ExportFormat {
  const format = EXPORT_FORMATS.find((f) => f === text);
  if (!format) {
    throw new InvalidArgumentError(`Expected ${EXPORT_FORMATS.join(", ")}, found "${text}".`);
  }
  return format;
}
