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
/** Silence after which a stream counts as broken; at first, while it connects, it may last longer. */
const SILENCE_MS = 5000, FIRST_SILENCE_MS = 15_000;

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
  // Values come at the rate whether they change or not; a link that is cut closes nothing for minutes.
  const watchFor = (/** @type {number} */ ms) => {
    clearTimeout(timer);
    timer = setTimeout(broken, ms);
  };
  const broken = () => {
    if (socket) leave(socket);
    events.state?.(true);
    clearTimeout(timer);
    timer = setTimeout(connect, waitMs * (0.75 + Math.random() / 2));
    waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
  };
  const connect = () => {
    const url = new URL(`/api/live${query({ filter, rate })}`, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const token = currentToken();
    socket = new WebSocket(url, ["tieline", ...(token ? [`tieline.bearer.${token}`] : [])]);
    watchFor(FIRST_SILENCE_MS);
    socket.onclose = broken;
    socket.onmessage = ({ data }) => {
      watchFor(SILENCE_MS);
      const message = JSON.parse(data);
      waitMs = FIRST_WAIT_MS;
      if (message.event === "signals") {
        events.state?.(false);
        events.signals(message.data);
      } else if (message.event === "values") events.values(message.data);
    };
  };
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    if (socket) leave(socket);
  });
  connect();
}

/**
 * Wants nothing more of a socket.
 *
 * @param {WebSocket} socket
 */
function leave(socket) {
  socket.onmessage = socket.onclose = null;
  // One that is closed while it connects is a warning on the console.
  if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
  else socket.close();
}
