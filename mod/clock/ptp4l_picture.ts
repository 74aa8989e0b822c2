/**
 * What is known of a running ptp4l, kept from its answers and its push notifications.
 *
 * @module
 */
import {
  type ClockDescription,
  type CurrentDataSet,
  type DefaultDataSet,
  type ManagementContent,
  ManagementId,
  type ParentDataSet,
  type PortDataSet,
  type PortHwclockNp,
  type PortPropertiesNp,
  type PortServiceStatsNp,
  type PortStatsNp,
  type PowerProfileSettingsNp,
  type PtpTimestamp,
  type TimePropertiesDataSet,
  type TimeStatusNp,
} from "../ptp/mod.ts";

/** What is known of one port. */
export interface Ptp4lPort {
  /** State, intervals, peer delay. */
  dataSet?: PortDataSet;
  /** Interface and kind of time stamps. */
  properties?: PortPropertiesNp;
  /** Messages by type. */
  stats?: PortStatsNp;
  /** Timeouts and mismatches. */
  serviceStats?: PortServiceStatsNp;
  /** Hardware clock. */
  hwclock?: PortHwclockNp;
  /** Own C37.238 settings. */
  power?: PowerProfileSettingsNp;
}

/** What a ptp4l has said, as of the last answer to each question. */
export class Ptp4lPicture {
  /** The clock's own settings. */
  defaultDataSet: DefaultDataSet | undefined;
  /** Offset, path delay, steps removed. */
  currentDataSet: CurrentDataSet | undefined;
  /** The grandmaster. */
  parent: ParentDataSet | undefined;
  /** TAI - UTC, leap seconds, traceability. */
  timeProperties: TimePropertiesDataSet | undefined;
  /** Offset in whole nanoseconds, last Sync. */
  timeStatus: TimeStatusNp | undefined;
  /** Type, address, maker. */
  description: ClockDescription | undefined;
  /** Ports by number. */
  readonly ports = new Map<number, Ptp4lPort>();
  /** Monotonic milliseconds of the last TIME_STATUS_NP. */
  statusMs: number = NaN;
  /** Monotonic milliseconds when ingress_time was seen to advance. */
  syncMs: number = NaN;
  #ingress: PtpTimestamp | undefined;

  /** Whether enough is known to judge the clock. */
  get complete(): boolean {
    return this.defaultDataSet !== undefined && this.timeStatus !== undefined &&
      this.parent !== undefined && this.timeProperties !== undefined && this.ports.size > 0;
  }

  /** Forgets everything: the daemon has gone or is silent. */
  forget(): void {
    this.defaultDataSet = this.currentDataSet = this.parent = undefined;
    this.timeProperties = this.timeStatus = this.description = undefined;
    this.ports.clear();
    this.statusMs = this.syncMs = NaN;
    this.#ingress = undefined;
  }

  /**
   * Takes an answer about `port` (0 for the clock).
   *
   * False if it shows that the daemon is another one or has begun anew; what was known is forgotten then.
   */
  take(
    content: Extract<ManagementContent, { data: unknown }>,
    port: number,
    nowMs: number,
  ): boolean {
    switch (content.id) {
      case ManagementId.DefaultDataSet: {
        const before = this.defaultDataSet;
        const { clockIdentity, numberPorts } = content.data;
        const other = before !== undefined &&
          (before.clockIdentity !== clockIdentity || before.numberPorts !== numberPorts);
        if (other) this.forget();
        this.defaultDataSet = content.data;
        return !other;
      }
      case ManagementId.CurrentDataSet:
        this.currentDataSet = content.data;
        return true;
      case ManagementId.ParentDataSet:
        this.parent = content.data;
        return true;
      case ManagementId.TimePropertiesDataSet:
        this.timeProperties = content.data;
        return true;
      case ManagementId.ClockDescription:
        this.description = content.data;
        return true;
      case ManagementId.TimeStatusNp:
        this.#takeStatus(content.data, nowMs);
        return true;
      case ManagementId.PortStatsNp: {
        const known = this.#port(port);
        const fell = known.stats?.rx.some((n, i) => content.data.rx[i]! < n) ?? false;
        if (fell) {
          this.forget();
          return false;
        }
        known.stats = content.data;
        return true;
      }
      case ManagementId.PortDataSet:
        this.#port(port || content.data.portIdentity.portNumber).dataSet = content.data;
        return true;
      case ManagementId.PortPropertiesNp:
        this.#port(port).properties = content.data;
        return true;
      case ManagementId.PortServiceStatsNp:
        this.#port(port).serviceStats = content.data;
        return true;
      case ManagementId.PortHwclockNp:
        this.#port(port).hwclock = content.data;
        return true;
      case ManagementId.PowerProfileSettingsNp:
        this.#port(port).power = content.data;
        return true;
    }
    return true;
  }

  #takeStatus(status: TimeStatusNp, nowMs: number): void {
    const { seconds, nanos } = status.ingressTime;
    const never = seconds === 0 && nanos === 0;
    const same = this.#ingress?.seconds === seconds && this.#ingress.nanos === nanos;
    // The first look at an old value tells nothing of its age.
    if (never) this.syncMs = NaN;
    else if (!same) this.syncMs = nowMs;
    this.#ingress = status.ingressTime;
    this.timeStatus = status;
    this.statusMs = nowMs;
  }

  #port(number: number): Ptp4lPort {
    let port = this.ports.get(number);
    if (!port) this.ports.set(number, port = {});
    return port;
  }
}
