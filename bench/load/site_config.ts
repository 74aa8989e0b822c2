/**
 * The configuration of a gateway under load: PMUs of a sender in, one subscriber out.
 *
 * @module
 */
import { ADMIN_TOML } from "../../tests/system/site.ts";

/** What a gateway under load is made of. */
export interface LoadSite {
  /** Folder for its state. */
  readonly folder: string;
  /** Ports of the PMUs; the IDCODE of the first one is 1. */
  readonly ports: readonly number[];
  /** Port of its STTP output. */
  readonly port: number;
  /** Port of its admin API. */
  readonly adminPort: number;
  /** Pin of the subscriber's certificate. */
  readonly pin: string;
  /** Settings of an aligner between, as TOML; frames go out as they come without. */
  readonly align?: string;
}

/** The configuration as TOML text. */
export function loadToml({ folder, ports, port, adminPort, pin, align }: LoadSite): string {
  const inputs = ports.map((port, i) => `
[input.pmu_${i}]
type = "c37118"
host = "127.0.0.1"
port = ${port}
idCode = ${i + 1}
`).join("");
  return `
[gateway]
id = "3c6f6a0e-61b0-4f0e-8c9e-0b8f2a7d5e11"
name = "LOAD"
stateDir = ${JSON.stringify(`${folder}/state`)}

[log]
level = "warning"

${ADMIN_TOML.replace("127.0.0.1:0", `127.0.0.1:${adminPort}`)}
${inputs}
${align === undefined ? "" : `[align.main]\n${align}`}
[output.upstream]
type = "sttp"
listen = "127.0.0.1:${port}"

[subscriber.center]
pins = ["${pin}"]
allow = ["SignalType <> 'STAT'"]
stream = "${align === undefined ? "received" : "main"}"
`;
}
