/**
 * The commands of the program, one file each.
 *
 * @module
 */
import type { Command } from "commander";

/** A command that is loaded when it is called. */
export interface LazyCommand {
  /** Its name on the command line. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Loads it. */
  readonly load: () => Promise<Command>;
}

/** All commands, in the order of the help text. */
export const COMMANDS: readonly LazyCommand[] = [
  {
    name: "run",
    summary: "run the gateway that a configuration file describes",
    load: async () => (await import("./run.ts")).runCommand(),
  },
  {
    name: "capture",
    summary: "capture sampled values for a gateway that may not open raw sockets",
    load: async () => (await import("./capture.ts")).captureCommand(),
  },
  {
    name: "check",
    summary: "check a configuration file and add up the memory that it needs",
    load: async () => (await import("./check.ts")).checkCommand(),
  },
  {
    name: "filter",
    summary: "show the signals that a filter expression matches",
    load: async () => (await import("./filter.ts")).filterCommand(),
  },
  {
    name: "demo",
    summary: "simulated PMUs, a merging unit, the gateway and a TLS subscriber in one process",
    load: async () => (await import("./demo.ts")).demoCommand(),
  },
  {
    name: "watch",
    summary: "subscribe to an STTP publisher and show what comes",
    load: async () => (await import("./watch.ts")).watchCommand(),
  },
  {
    name: "decode",
    summary: "print C37.118 frames, PTP messages and sampled values of a file as JSON lines",
    load: async () => (await import("./decode.ts")).decodeCommand(),
  },
  {
    name: "event",
    summary: "event records of a running gateway, and recording by hand",
    load: async () => (await import("./event.ts")).eventCommand(),
  },
  {
    name: "clock",
    summary: "show what the running gateway knows of its clock",
    load: async () => (await import("./clock.ts")).clockCommand(),
  },
  {
    name: "slipstream",
    summary: "compress waveforms of CSV and COMTRADE files without loss, and get them back",
    load: async () => (await import("./slipstream.ts")).slipstreamCommand(),
  },
  {
    name: "sim",
    summary: "simulate PMUs and merging units",
    load: async () => (await import("./sim.ts")).simCommand(),
  },
  {
    name: "cert",
    summary: "keys and certificates, their pins, and requests to subscribe",
    load: async () => (await import("./cert.ts")).certCommand(),
  },
  {
    name: "config",
    summary: "the configuration of a running gateway: push, confirm, history, signatures",
    load: async () => (await import("./config.ts")).configCommand(),
  },
  {
    name: "claim",
    summary: "make the first user of a new gateway",
    load: async () => (await import("./token.ts")).claimCommand(),
  },
  {
    name: "token",
    summary: "tokens of users of the admin API",
    load: async () => (await import("./token.ts")).tokenCommand(),
  },
  {
    name: "audit",
    summary: "check the audit trail of a gateway",
    load: async () => (await import("./audit.ts")).auditCommand(),
  },
  {
    name: "bench",
    summary: "measure this machine: decoding, encoding, alignment, TLS, timers",
    load: async () => (await import("./bench.ts")).benchCommand(),
  },
];
