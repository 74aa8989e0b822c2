/**
 * Reads a configuration as a whole: schema first, then what only makes sense across its tables.
 *
 * @module
 */
import { checkRules } from "../access/mod.ts";
import {
  checkDocument,
  nearest,
  parseTomlDocument,
  type PathKey,
  type TomlDocument,
} from "../config/mod.ts";
import { devicesOf } from "../input/sv/mod.ts";
import { acronymOf, ConfigError, type ConfigProblem } from "../core/mod.ts";
import { validateIdentities } from "../identity/mod.ts";
import { isStatisticsAcronym } from "../stats/mod.ts";
import { alarmDevice } from "./alarm_signals.ts";
import { eventProblems } from "./event_config.ts";
import { WAVEFORM_SUFFIX } from "./event_upstream.ts";
import { adminIdentities } from "./admin_schema.ts";
import { memoryNeeds } from "./memory.ts";
import { hasAlarms } from "./plan.ts";
import { type GatewayConfig, gatewaySchema } from "./schema.ts";
import { identityProblems } from "./subscribers.ts";

/** Name of the stream of frames as they are received. */
export const RECEIVED = "received";

/**
 * The configuration in `text`, checked as a whole; `source` names it in messages.
 *
 * Throws {@linkcode ConfigError} with every problem, each with line, column and key.
 *
 * @example
 * ```ts
 * import { readConfig } from "./mod.ts";
 *
 * const config = readConfig(await Deno.readTextFile("config/one_pmu.toml"), "one_pmu.toml");
 * console.log(Object.keys(config.input));
 * ```
 */
export function readConfig(text: string, source: string): GatewayConfig {
  const document = parseTomlDocument(text, source);
  const config = checkDocument(gatewaySchema, document);
  const problems = [
    ...streams(config, document),
    ...acronyms(config, document),
    ...captures(config, document),
    ...alarms(config, document),
    ...subscribers(config, document),
    ...eventProblems(config).map(({ path, message }) => problem(document, path, message)),
    ...memory(config, document),
  ];
  if (problems.length > 0) {
    problems.sort((a, b) => a.line - b.line || a.column - b.column);
    throw new ConfigError(source, problems);
  }
  return config;
}

function problem(document: TomlDocument, path: readonly PathKey[], message: string): ConfigProblem {
  return { ...document.position(path), key: path.join("."), message };
}

function unknownName(name: string, known: readonly string[], what: string): string {
  const near = nearest(name, known);
  return `expected the name of ${what}, found "${name}"` +
    (near ? `; did you mean "${near}"?` : "");
}

function streams(config: GatewayConfig, document: TomlDocument): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const inputs = Object.keys(config.input);
  const aligners = Object.keys(config.align);
  if (aligners.includes(RECEIVED)) {
    problems.push(
      problem(
        document,
        ["align", RECEIVED],
        `expected another name: "${RECEIVED}" is the stream of all frames`,
      ),
    );
  }
  for (const [name, align] of Object.entries(config.align)) {
    align.inputs.forEach((input, i) => {
      if (input !== "*" && !inputs.includes(input)) {
        problems.push(
          problem(
            document,
            ["align", name, "inputs", i],
            unknownName(input, ["*", ...inputs], "an input"),
          ),
        );
      }
    });
  }
  const names = [RECEIVED, ...aligners];
  for (const [name, subscriber] of Object.entries(config.subscriber)) {
    if (!names.includes(subscriber.stream)) {
      problems.push(
        problem(
          document,
          ["subscriber", name, "stream"],
          unknownName(subscriber.stream, names, `"${RECEIVED}" or an aligner`),
        ),
      );
    }
  }
  for (const [name, output] of Object.entries(config.output)) {
    if (output.type !== "c37118" || names.includes(output.stream)) continue;
    const message = unknownName(output.stream, names, `"${RECEIVED}" or an aligner`);
    problems.push(problem(document, ["output", name, "stream"], message));
  }
  return problems;
}

/** Two devices of one name would be given each other's rights. */
function acronyms(config: GatewayConfig, document: TomlDocument): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const owner = new Map<string, string>();
  const claim = (acronym: string, path: readonly PathKey[]) => {
    const key = path.join(".");
    const before = owner.get(acronym);
    if (before === undefined) owner.set(acronym, key);
    else {problems.push(
        problem(document, path, `expected each acronym once, ${acronym} is that of ${before} too`),
      );}
    if (acronym.endsWith(WAVEFORM_SUFFIX)) {
      problems.push(problem(
        document,
        path,
        `expected an acronym that does not end in ${WAVEFORM_SUFFIX}, as those of waveforms do, found "${acronym}"`,
      ));
    }
    if (isStatisticsAcronym(acronym)) {
      const end = acronym.slice(acronym.lastIndexOf("!"));
      problems.push(problem(
        document,
        path,
        `expected an acronym that does not end in ${end}, as those of statistics do, found "${acronym}"`,
      ));
    }
  };
  if (hasAlarms(config)) claim(alarmDevice(config.gateway.name), ["alarm"]);
  for (const [name, input] of Object.entries(config.input)) {
    if (input.type === "sv") {
      for (const { acronym, path } of devicesOf(input)) claim(acronym, ["input", name, ...path]);
      continue;
    }
    claim(input.acronym ?? acronymOf(name), ["input", name, "acronym"]);
    if (input.type !== "c37118") continue;
    input.devices.forEach((device, i) => {
      // A single device may carry the acronym of its stream.
      if (device.acronym !== (input.acronym ?? acronymOf(name))) {
        claim(device.acronym, ["input", name, "devices", i, "acronym"]);
      }
    });
  }
  return problems;
}

/** Most alarms of one gateway. */
const MAX_ALARMS = 1000;

function alarms(config: GatewayConfig, document: TomlDocument): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const streams = [RECEIVED, ...Object.keys(config.align)];
  const names = Object.keys(config.alarm);
  if (names.length > MAX_ALARMS) {
    const message = `expected at most ${MAX_ALARMS} alarms, found ${names.length}`;
    problems.push(problem(document, ["alarm"], message));
  }
  for (const [name, { stream, signals }] of Object.entries(config.alarm)) {
    const path = ["alarm", name];
    if (!streams.includes(stream)) {
      const message = unknownName(stream, streams, `"${RECEIVED}" or an aligner`);
      problems.push(problem(document, [...path, "stream"], message));
    }
    for (const { index, message } of checkRules({ allow: signals, deny: [] })) {
      problems.push(problem(document, [...path, "signals", index], message));
    }
  }
  for (const [name, trigger] of Object.entries(config.trigger)) {
    if (trigger.kind !== "alarm" || trigger.delayMs === 0) continue;
    const own = trigger.alarms.find((alarm) => Object.hasOwn(config.alarm, alarm));
    if (own === undefined) continue;
    problems.push(problem(
      document,
      ["trigger", name, "delayMs"],
      `expected 0, since alarm.${own} has a delay of its own and is told only when it changes, ` +
        `found ${trigger.delayMs}`,
    ));
  }
  return problems;
}

/** A process that gives up its rights for one input has none left for another. */
function captures(config: GatewayConfig, document: TomlDocument): ConfigProblem[] {
  const forms = Object.entries(config.input).flatMap(([name, input]) =>
    input.type === "sv" && input.interface !== undefined ? [{ name, form: input.capture }] : []
  );
  const first = forms[0];
  const { clock } = config;
  const hears = clock?.observer !== undefined;
  const wanted = first?.form === "process" ? "process" : "self";
  // Without an observer the kernel's clock is all that a clock of "self" loses beside "process".
  const isWrong = first && clock && clock.capture !== wanted && (wanted === "self" || hears);
  const ofClock = isWrong
    ? [problem(
      document,
      ["clock", "capture"],
      `expected "${wanted}", since input.${first.name} has "${first.form}", found "${clock.capture}": ` +
        (wanted === "process"
          ? "a process that gives its rights up cannot hear PTP"
          : "a process that captures cannot give its rights up"),
    )]
    : [];
  const ofInputs = forms.filter(({ form }) => form !== first?.form).map(({ name, form }) =>
    problem(
      document,
      ["input", name, "capture"],
      `expected "${first?.form}" as for input.${first?.name}, found "${form}": ` +
        "a process that captures cannot give its rights up",
    )
  );
  return [...ofInputs, ...ofClock];
}

function subscribers(config: GatewayConfig, document: TomlDocument): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [name, { allow, deny }] of Object.entries(config.subscriber)) {
    for (const fault of checkRules({ allow, deny })) {
      problems.push(
        problem(
          document,
          ["subscriber", name, fault.list, fault.index],
          fault.message,
        ),
      );
    }
  }
  for (const [name, output] of Object.entries(config.output)) {
    if (output.type !== "c37118") continue;
    for (const { list, index, message } of checkRules(output)) {
      problems.push(problem(document, ["output", name, list, index], message));
    }
  }
  for (const { path, message } of identityProblems(config)) {
    problems.push(problem(document, path, message));
  }
  const admins = adminIdentities(config.admin);
  for (const { path, message } of validateIdentities({ subscribers: admins })) {
    const [, index, ...rest] = path;
    const user = admins[Number(index)]?.name ?? "";
    problems.push(problem(document, ["admin", "user", user, ...rest], message));
  }
  const plain = Object.values(config.subscriber).some((s) => s.plainAddress.length > 0);
  for (const [name, output] of Object.entries(config.output)) {
    if (output.type !== "sttp") continue;
    if (output.insecure && output.listen !== "" && !plain) {
      problems.push(
        problem(
          document,
          ["output", name, "insecure"],
          "expected a subscriber with plainAddress, found none: without TLS a client is known by its address",
        ),
      );
    }
    output.dial.forEach(({ subscriber }, i) => {
      if (!(subscriber in config.subscriber)) {
        problems.push(
          problem(
            document,
            ["output", name, "dial", i, "subscriber"],
            unknownName(subscriber, Object.keys(config.subscriber), "a subscriber"),
          ),
        );
      }
    });
  }
  return problems;
}

function memory(config: GatewayConfig, document: TomlDocument): ConfigProblem[] {
  const needs = memoryNeeds(config);
  const total = needs.reduce((sum, need) => sum + need.bytes, 0);
  const budget = config.gateway.memoryMB * 1e6;
  if (total <= budget) return [];
  const largest = needs.filter((n) => n.part !== "process").sort((a, b) => b.bytes - a.bytes)[0];
  return [
    problem(
      document,
      ["gateway", "memoryMB"],
      `expected a configuration that needs at most ${config.gateway.memoryMB} MB, found one that needs ` +
        `${Math.ceil(total / 1e6)} MB${largest ? `, most of it for ${largest.part}` : ""}`,
    ),
  ];
}
