/**
 * A station for the browser to look at: simulated PMUs, a gateway with users of every role, and a subscriber.
 *
 * @module
 */
import type { Gateway, GatewayKeeper } from "../../mod/gateway/mod.ts";
import { hashToken, tokenText } from "../../mod/identity/mod.ts";
import {
  inputsRun,
  inputToml,
  outputOf,
  PLAIN_OUTPUT,
  type RecordedPmu,
  Site,
} from "../system/site.ts";
import type { Subscriber } from "../system/subscriber.ts";

/** Users by name, and their roles. */
export const USERS: Readonly<Record<string, readonly string[]>> = {
  viewer: ["VIEWER"],
  operator: ["OPERATOR"],
  engineer: ["ENGINEER"],
  secadm: ["SECADM"],
  secaud: ["SECAUD"],
  root: ["ENGINEER", "SECADM", "SECAUD"],
};

const TOKENS = new Map(
  Object.keys(USERS).map((name, i) => [name, tokenText(name, new Uint8Array(32).fill(i + 1))]),
);
/** `[admin]` with plain HTTP and all users. */
export const ADMIN_TOML = `
[admin]
listen = "127.0.0.1:0"
insecure = true
${
  (await Promise.all(
    [...TOKENS].map(async ([name, token]) =>
      `[admin.user.${name}]\nroles = ${JSON.stringify(USERS[name])}\ntoken = "${await hashToken(
        token,
        new Uint8Array(16),
      )}"\n`
    ),
  )).join("")
}`;

/** Token of a user. */
export function tokenOf(user: string): string {
  return TOKENS.get(user)!; // tests name users that there are
}

/** What the tests look at. */
export interface Station {
  /** Address of the dashboard. */
  readonly url: string;
  /** The gateway. */
  readonly gateway: Gateway;
  /** Its configuration. */
  readonly keeper: GatewayKeeper;
  /** PMUs by their device's acronym. */
  readonly pmus: ReadonlyMap<string, RecordedPmu>;
  /** A subscriber that gets everything it may see. */
  readonly subscriber: Subscriber;
}

const STATIONS = ["SHELBY", "LOWELL", "PARADISE", "CORDOVA", "WEAKLEY", "VOLUNTEER"];
const RIGHTS = `
[subscriber.control_center]
plainAddress = ["127.0.0.1"]
allow = ["Device IN ('SHELBY', 'LOWELL')"]
deny = ["SignalType = 'DIGI'"]

[subscriber.neighbour]
pins = ["sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"]
allow = ["Device = 'CORDOVA' AND SignalType IN ('FREQ', 'VPHM', 'VPHA')"]
`;

/** Runs a test with a station; `more` is added to its configuration. */
export async function withStation(
  test: (station: Station) => Promise<void>,
  more = "",
): Promise<void> {
  await Site.with(async (site) => {
    const pmus = new Map<string, RecordedPmu>();
    let inputs = "";
    for (const [i, station] of STATIONS.entries()) {
      const recorded = await site.pmu(i + 1, {
        devices: [{ device: i + 1, station, phasors: 6, analogs: 2 }],
        // One of them loses frames, so that there is something to see.
        ...(station === "CORDOVA" && { impairments: { loss: 0.05 } }),
      });
      pmus.set(station, recorded);
      inputs += inputToml(i + 1, recorded.pmu.port, `acronym = "${station}"`);
    }
    const gateway = await site.gateway(
      `${ADMIN_TOML}${inputs}[align.wide]\nframesPerSecond = 60\nwaitMs = 200\n[clock]\n${PLAIN_OUTPUT}${RIGHTS}${more}`,
    );
    const { host, keeper } = await site.admin(gateway);
    const subscriber = site.subscriber({ port: outputOf(gateway).port });
    await inputsRun(gateway, STATIONS.length);
    await test({ url: host.url, gateway, keeper, pmus, subscriber });
  });
}
