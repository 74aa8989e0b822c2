/**
 * The admin API: who is logged in, and requests in their name.
 *
 * The token stands in the storage of this tab alone and is gone with it; there is no cookie.
 *
 * @module
 */

/** @typedef {{ name: string, roles: string[], may: string[] }} Me */
/** @typedef {{ key?: string, message: string, line?: number, column?: number, path?: string }} ProblemPlace */

const TOKEN = "tieline.token";
/** Longest wait for JSON, and for anything else to begin: a change may start many parts anew. */
const GET_MS = 15_000, ANSWER_MS = 120_000;

/** What the API answered when it refused: a problem document (RFC 9457). */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {Record<string, unknown>} problem
   */
  constructor(status, problem) {
    super(String(problem["detail"] ?? problem["title"] ?? `HTTP status ${status}`));
    /** HTTP status; 0 if the gateway could not be reached. */
    this.status = status;
    /** The document. */
    this.problem = problem;
    /** The kind of problem, as a word. */
    this.kind = String(problem["type"] ?? "").replace("urn:tieline:problem:", "");
  }

  /** Where in what was sent. */
  get places() {
    const { errors } = this.problem;
    return Array.isArray(errors) ? /** @type {ProblemPlace[]} */ (errors) : [];
  }
}

let token = sessionStorage.getItem(TOKEN) ?? "";
/** @type {() => void} */
let onLoggedOut = () => {};

/** The token that is in use; empty for none. */
export function currentToken() {
  return token;
}

/**
 * Uses a token from now on; empty forgets it.
 *
 * @param {string} text
 */
export function useToken(text) {
  token = text;
  if (text === "") sessionStorage.removeItem(TOKEN);
  else sessionStorage.setItem(TOKEN, text);
}

/**
 * Calls `act` when the gateway no longer knows the token.
 *
 * @param {() => void} act
 */
export function whenLoggedOut(act) {
  onLoggedOut = act;
}

/**
 * @typedef {object} Asked
 * @property {unknown} [json] Body, sent as JSON.
 * @property {string} [toml] Body, sent as TOML.
 * @property {Record<string, string>} [headers] Further headers.
 * @property {AbortSignal} [signal] Ends it.
 */

/**
 * Sends a request; throws {@linkcode Refused} unless it succeeds, with status 0 if no answer begins in time.
 *
 * @param {string} method
 * @param {string} path Below `/api`.
 * @param {Asked} [asked]
 * @returns {Promise<Response>}
 */
export async function request(method, path, asked = {}) {
  const { json, toml, signal: given } = asked;
  /** @type {Record<string, string>} */
  const headers = { ...asked.headers };
  const used = token;
  if (token !== "") headers["Authorization"] = `Bearer ${token}`;
  if (json !== undefined) headers["Content-Type"] = "application/json";
  if (toml !== undefined) headers["Content-Type"] = "application/toml";
  const body = toml ?? (json === undefined ? undefined : JSON.stringify(json));
  const response = await inTime(ANSWER_MS, given, (signal) =>
    fetch(`/api${path}`, {
      method,
      headers,
      ...(body !== undefined && { body }),
      signal,
      credentials: "same-origin",
      cache: "no-store",
    }));
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  // A user who was given another token meanwhile is still there.
  if (response.status === 401 && used === token) onLoggedOut();
  throw new Refused(response.status, problem);
}

/**
 * Gets JSON. What an answer holds is told by the API's description; the pages read it as such.
 *
 * @param {string} path
 * @param {AbortSignal} [given] Ends it.
 * @param {number} [withinMs] Longest wait for all of it.
 * @returns {Promise<any>}
 */
export function get(path, given, withinMs = GET_MS) {
  return inTime(
    withinMs,
    given,
    async (signal) => await (await request("GET", path, { signal })).json(),
  );
}

/**
 * Asks the gateway and gives up after a while: a link that is cut says nothing of its own for minutes.
 *
 * @template T
 * @param {number} withinMs
 * @param {AbortSignal | undefined} given Ends it too.
 * @param {(signal: AbortSignal) => Promise<T>} act
 */
async function inTime(withinMs, given, act) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), withinMs);
  try {
    return await act(given ? AbortSignal.any([given, late.signal]) : late.signal);
  } catch (error) {
    if (given?.aborted || error instanceof Refused) throw error;
    throw new Refused(0, { detail: "The gateway does not answer" });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A query string of what is given.
 *
 * @param {Record<string, string | number | boolean | undefined>} values
 */
export function query(values) {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== "") parts.set(name, String(value));
  }
  const text = parts.toString();
  return text === "" ? "" : `?${text}`;
}

/**
 * Saves an answer as a file.
 *
 * @param {string} path
 * @param {string} name
 */
export async function save(path, name) {
  const blob = await (await request("GET", path)).blob();
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
