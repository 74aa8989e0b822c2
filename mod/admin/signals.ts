/**
 * Signals by filter expression, as whoever administers the gateway sees them: all of them.
 *
 * @module
 */
import { AccessControl } from "../access/mod.ts";
import { type Signal, signalKey, type SignalRegistry } from "../core/mod.ts";
import { FilterError } from "../filter/mod.ts";
import { inTurns } from "../os/mod.ts";
import type { AdminContext } from "./context.ts";

/** What makes a statement of a bare condition. */
const OVER_ALL = "FILTER ActiveMeasurements WHERE ";
const ALL = "all";
/** Steps that one expression may take: some milliseconds, in turns. */
const FILTER_STEPS = 1_000_000;

const finders = new WeakMap<SignalRegistry, AccessControl>();

/**
 * The signals that an expression matches, in its order; all of them for an empty one.
 *
 * A bare condition, such as `SignalType = 'FREQ'`, is taken as one over all signals. Throws FilterError.
 */
export async function findSignals(
  { gateway, clock }: AdminContext,
  expression: string,
): Promise<Signal[]> {
  const { registry } = gateway;
  const text = expression.trim();
  if (text === "") return registry.signals();
  let finder = finders.get(registry);
  if (!finder) {
    finder = new AccessControl(registry, {
      nodeId: gateway.config.gateway.id,
      filterSteps: FILTER_STEPS,
    });
    finder.setSubscriber(ALL, { allow: ["True"], deny: [] });
    finders.set(registry, finder);
  }
  const nowMicros = clock.nowMicros();
  const permitted = await inTurns(finder.permittedSteps(ALL));
  const select = async (filter: string) =>
    (await inTurns(finder.selectSteps(permitted, filter, nowMicros))).signals;
  if (/^FILTER\b/i.test(text)) return await select(text);
  try {
    return await select(`${OVER_ALL}${text}`);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    try {
      return await select(text); // signals by GUID, key or tag
    } catch {
      // The place is told in what was written, not in what it was made to be.
      const { code, reason, offset } = error;
      throw offset < OVER_ALL.length
        ? error
        : new FilterError(code, reason, offset - OVER_ALL.length);
    }
  }
}

/** A signal as the API shows it. */
export function shownSignal(signal: Signal) {
  const { id, pointTag, reference, device, type, label, phase, unit, description } = signal;
  return {
    id,
    key: signalKey(signal),
    tag: pointTag,
    reference,
    device,
    type,
    label,
    phase,
    unit,
    description,
  };
}
