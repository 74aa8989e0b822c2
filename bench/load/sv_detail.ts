/**
 * What the status of a sampled-values input tells, as far as benchmarks read it.
 *
 * @module
 */

/** Details of the status; each stream has `More` besides. */
export interface SvDetail<More = unknown> {
  /** The interface; null before anything is known of it. */
  readonly interface: { readonly state: string } | null;
  /** Devices by name; their streams are null until capture has told of them. */
  readonly devices: Readonly<
    Record<
      string,
      { readonly stream: ({ readonly samples: Readonly<Record<string, number>> } & More) | null }
    >
  >;
  /** Capture Workers, with the counters of the kernel. */
  readonly workers: readonly {
    readonly capture: Readonly<Record<string, number>> | null;
    readonly linkDropped: number;
  }[];
}

/** Whether it captures, and has told of its rings and streams: an order before that finds nobody who takes it. */
export function isCapturing({ interface: wire, workers, devices }: SvDetail): boolean {
  return wire?.state === "up" && workers.length > 0 && workers.every(({ capture }) => capture) &&
    Object.values(devices).every(({ stream }) => stream);
}
