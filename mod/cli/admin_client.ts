/**
 * Talks to the admin API of a gateway, as several commands do.
 *
 * @module
 */
import { join } from "node:path";
import type { Command } from "commander";
import * as v from "valibot";
import type { GatewayConfig } from "../gateway/mod.ts";
import { certificateFacts } from "../identity/mod.ts";
import { callHttp, type HttpAnswer, type KeyPairPem, readTextIfExists } from "../os/mod.ts";
import { CommandError } from "./options.ts";
import { VERSION } from "./version.ts";

/** Options that say how to reach a gateway and who asks. */
export interface AdminOptions {
  /** File with the token. */
  readonly tokenFile?: string;
  /** Pin of the gateway's admin certificate. */
  readonly pin?: string;
  /** File with a client certificate, PEM. */
  readonly cert?: string;
  /** File with its key, PEM. */
  readonly key?: string;
}

const MAX_FILE_BYTES = 256 * 1024;
const MAX_LARGE_BYTES = 1024 * 1024 * 1024;
const LARGE_TIMEOUT_MS = 300_000;

/** Adds the options of {@linkcode AdminOptions} to a command. */
export function withAdminOptions(command: Command): Command {
  return command
    .option("--token-file <file>", "file with the token; default the environment's TIELINE_TOKEN")
    .option("--pin <sha256>", "pin of the gateway's certificate, as its log tells it")
    .option("--cert <file>", "client certificate (PEM), instead of a token")
    .option("--key <file>", "its key (PEM)");
}

/** The admin API of one gateway. */
export class AdminClient {
  readonly #base: string;
  readonly #pin: string | undefined;
  readonly #token: string | undefined;
  readonly #own: KeyPairPem | undefined;

  private constructor(
    base: string,
    pin: string | undefined,
    token: string | undefined,
    own: KeyPairPem | undefined,
  ) {
    this.#base = base;
    this.#pin = pin;
    this.#token = token;
    this.#own = own;
  }

  /** Reads token, certificate and key; `host` is `host:port` or a URL, HTTPS unless it says otherwise. */
  static async make(host: string, options: AdminOptions): Promise<AdminClient> {
    const base = /^https?:\/\//.test(host) ? host.replace(/\/+$/, "") : `https://${host}`;
    if (!URL.canParse(base)) {
      throw new CommandError(`Expected host:port or a URL, found "${host}".`);
    }
    const token = options.tokenFile === undefined
      ? Deno.env.get("TIELINE_TOKEN")
      : (await textOf(options.tokenFile)).trim();
    if ((options.cert === undefined) !== (options.key === undefined)) {
      throw new CommandError("Expected --cert and --key together, found one of them");
    }
    const own = options.cert !== undefined && options.key !== undefined
      ? { certPem: await textOf(options.cert), keyPem: await textOf(options.key) }
      : undefined;
    return new AdminClient(base, options.pin, token, own);
  }

  /**
   * The gateway of a configuration on this host, with the token in TIELINE_TOKEN; its certificate is known by
   * its file, where that can be read.
   */
  static async ofConfig({ admin, gateway }: GatewayConfig): Promise<AdminClient> {
    const { listen, insecure, certificate } = admin;
    if (insecure) return await AdminClient.make(`http://${listen}`, {});
    const file = certificate ?? join(gateway.stateDir, "admin", "cert.pem");
    const certPem = await readTextIfExists(file, MAX_FILE_BYTES).catch(() => undefined);
    const pin = certPem === undefined ? undefined : certificateFacts(certPem).fingerprint;
    return await AdminClient.make(listen, pin === undefined ? {} : { pin });
  }

  /** Sends a request. Throws {@linkcode CommandError} with what a problem document says. */
  async call(
    method: string,
    path: string,
    { body, type = "application/json", headers = {}, large = false }: {
      readonly body?: string;
      readonly type?: string;
      readonly headers?: Readonly<Record<string, string>>;
      /** The answer may be hundreds of megabytes, and take its time. */
      readonly large?: boolean;
    } = {},
  ): Promise<HttpAnswer> {
    const call = {
      url: this.#base + path,
      method,
      body,
      pin: this.#pin,
      own: this.#own,
      ...(large && { maxBytes: MAX_LARGE_BYTES, timeoutMs: LARGE_TIMEOUT_MS }),
      headers: {
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        ...(body !== undefined && { "content-type": type }),
        ...headers,
      },
    };
    let answer: HttpAnswer;
    try {
      answer = await callHttp(call);
    } catch (error) {
      throw new CommandError(`Cannot reach ${this.#base}: ${unreachable(error)}`, { cause: error });
    }
    if (answer.status < 300) return answer;
    const isNobody = answer.status === 401 && this.#token === undefined && this.#own === undefined;
    throw new CommandError(
      `${this.#base} refuses: ${problemText(answer)}` +
        (isNobody
          ? ". Name a file that holds a token with --token-file, or set TIELINE_TOKEN"
          : ""),
    );
  }

  /** Sends a request and checks what comes back. */
  async json<S extends v.GenericSchema>(
    schema: S,
    ...request: Parameters<AdminClient["call"]>
  ): Promise<v.InferOutput<S>> {
    const { text } = await this.call(...request);
    try {
      return v.parse(schema, JSON.parse(text));
    } catch (error) {
      throw new CommandError(
        `${this.#base} does not answer as the admin API of this version (${VERSION}) does. ` +
          "Is it the gateway, and of which version?",
        { cause: error },
      );
    }
  }
}

/** A text file. Throws {@linkcode CommandError} if there is none. */
export async function textOf(file: string, maxBytes = MAX_FILE_BYTES): Promise<string> {
  const text = await readTextIfExists(file, maxBytes);
  if (text === undefined) throw new CommandError(`Cannot read ${file}: there is no such file`);
  return text;
}

/** What to do about a gateway that does not answer, where that can be told. */
function unreachable(error: unknown): string {
  const { message, code } = error as { message?: unknown; code?: unknown }; // errors of the platform have a code
  switch (code) {
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return "nobody that this system knows has issued its certificate. Name the certificate's pin with --pin; " +
        'the gateway\'s log has it: "Admin API at ... (pin sha256:...)"';
    case "ECONNREFUSED":
      return "nobody listens there. Is the gateway running, and is this its [admin] listen?";
    case "ENOTFOUND":
      return "there is no host of this name";
    case "HPE_INVALID_CONSTANT":
      return "it does not speak plain HTTP. Use https://, or host:port alone";
    default:
      return String(message ?? error);
  }
}

const problemSchema = v.object({
  detail: v.string(),
  errors: v.optional(v.array(v.object({
    line: v.optional(v.number()),
    column: v.optional(v.number()),
    key: v.string(),
    message: v.string(),
  }))),
});

function problemText({ status, text }: HttpAnswer): string {
  try {
    const { detail, errors } = v.parse(problemSchema, JSON.parse(text));
    const lines = errors?.map(({ line, column, key, message }) =>
      `  ${line ? `${line}:${column}: ` : ""}${key ? `${key}: ` : ""}${message}`
    );
    return lines && lines.length > 0 ? `${status}\n${lines.join("\n")}` : `${status} ${detail}`;
  } catch {
    return String(status); // no problem document
  }
}
