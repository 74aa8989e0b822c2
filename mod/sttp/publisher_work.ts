/**
 * What a publisher's session works on in steps: running the filter of a subscription and making its cache.
 *
 * A later request takes the place of one that is still being worked on, which is then answered with Failed.
 *
 * @module
 */
import { DecodeError, type Steps } from "../core/mod.ts";
import { Command } from "./constants.ts";
import type { PublisherSessionState } from "./publisher_session_state.ts";

/** Steps of work that are done in the call that causes it; the rest is left to `work`. */
const IMMEDIATE_STEPS = 4;

/** What a session works on. */
interface Work {
  /** True for a Subscribe, which is to be answered; false if a change is followed up. */
  readonly requested: boolean;
  readonly steps: Steps<void>;
}

/** One piece of work at a time, and the change that is to be followed after it. */
export class PublisherWork {
  readonly #state: PublisherSessionState;
  readonly #follow: () => void;
  #work: Work | undefined;
  #followAfter = false; // what is being worked on may already be out of date

  /** Calls `follow` when work is over during which something has changed. */
  constructor(state: PublisherSessionState, follow: () => void) {
    this.#state = state;
    this.#follow = follow;
  }

  /** True while there is something to do. */
  get isWorking(): boolean {
    return this.#work !== undefined;
  }

  /** Starts work, of which a little, such as an ordinary subscription, is done at once. */
  begin(requested: boolean, steps: Steps<void>): void {
    const work: Work = { requested, steps };
    this.#work = work;
    for (let n = 0; n < IMMEDIATE_STEPS && this.#work === work; n++) this.step();
  }

  /** Something has changed: `follow` is called when what is being worked on is done. */
  followAfter(): void {
    this.#followAfter = true;
  }

  /** Works for about a millisecond; true if there is more to do. */
  step(): boolean {
    const work = this.#work;
    if (!work) return false;
    try {
      if (!work.steps.next().done) return true;
      this.#work = undefined;
    } catch (error) {
      this.#work = undefined;
      if (!(error instanceof DecodeError)) throw error;
      if (work.requested) this.#state.fail(Command.Subscribe, error.message);
      else {
        const message = `Cannot refresh a subscription: ${error.message}`;
        this.#state.options.events.complain("filter", message);
      }
    }
    if (this.#followAfter) {
      this.#followAfter = false;
      this.#follow();
    }
    return this.isWorking;
  }

  /** Gives up what is being worked on, telling the subscriber so if it has asked for it. */
  abandon(why: string): void {
    const work = this.#work;
    this.#work = undefined;
    if (!work) return;
    if (work.requested) this.#state.fail(Command.Subscribe, why);
    else this.#followAfter = true; // should the next Subscribe be refused, the subscription stays
  }

  /** Gives up what is being worked on, with nobody to tell. */
  end(): void {
    this.#work = undefined;
  }
}
