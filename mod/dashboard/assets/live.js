/**
 * Live values over a WebSocket, begun again when it breaks.
 *
 * @module
 */
import { currentToken, query } from "./api.js";

/**
 * @typedef {object} ShownSignal
 * @property {string} id
 * @property {string} key
 * @property {string} tag
 * @property {string} reference
 * @property {string} device
 * @property {string} type
 * @property {string} label
 * @property {string} phase
 * @property {string} unit
 * @property {string} description
 */

/**
 * @typedef {object} Values
 * @property {number} nowMicros Time of the gateway, microseconds since 1970.
 * @property {number} timeMicros Stamp of the newest value.
 * @property {(number | null)[]} values By place in the list of signals.
 * @property {number[]} flags State flags.
 */

/**
 * @typedef {object} LiveEvents
 * @property {(signals: ShownSignal[]) => void} signals What the values mean from now on.
 * @property {(values: Values) => void} values The latest values.
 * @property {(broken: boolean) => void} [state] Told when the stream breaks, and when it runs again.
 */

const FIRST_WAIT_MS = 500, LONGEST_WAIT_MS = 10_000;

/**
 * Opens a stream of the signals of a filter expression; it ends with `signal`.
 *
 * @param {{ readonly filter: string, readonly rate?: number }} options
 * @param {LiveEvents} events
 * @param {AbortSignal} signal
 */
export function openLive({ filter, rate = 10 }, events, signal) {
  let waitMs = FIRST_WAIT_MS;
  /** @type {WebSocket | undefined} */
  let socket;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const connect = () => {
    const url = new URL(`/api/live${query({ filter, rate })}`, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const token = currentToken();
    socket = new WebSocket(url, ["tieline", ...(token ? [`tieline.bearer.${token}`] : [])]);
    socket.onmessage = ({ data }) => {
      if (signal.aborted) return;
      const message = JSON.parse(data);
      waitMs = FIRST_WAIT_MS;
      if (message.event === "signals") {
        events.state?.(false);
        events.signals(message.data);
      } else if (message.event === "values") events.values(message.data);
    };
    socket.onclose = () => {
      if (signal.aborted) return;
      events.state?.(true);
      timer = setTimeout(connect, waitMs * (0.75 + Math.random() / 2));
      waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
    };
  };
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    if (!socket) return;
    // One that is closed while it connects is a warning on the console.
    const own = socket;
    if (own.readyState === WebSocket.CONNECTING) own.onopen = () => own.close();
    else own.close();
  });
  connect();
}
