import type { Courier } from "./deliveries/courier.ts";
import type { ThinCourier } from "./deliveries/thin-courier.ts";
import type { MeterFaults } from "./control/meter-faults.ts";
import type { Timers } from "../timers.ts";
import type { Faults } from "./control/faults.ts";
import type { Clock } from "./clock.ts";
import type { Records } from "./records.ts";

/** The parts of a simulator that its routes use. */
export interface Simulator {
  records: Records;
  clock: Clock;
  /** Returns Stripe's time in Unix milliseconds. */
  now: () => number;
  courier: Courier;
  thinCourier: ThinCourier;
  faults: Faults;
  meterFaults: MeterFaults;
  timers: Timers;
  secretKey: string;
  /** The simulator's own URL, such as `http://127.0.0.1:40123`. */
  url: () => string;
  /** The URL of the link on the success page. */
  returnUrl: string | null;
  /** Schedules a save of the records. Call it after every change. */
  changed: () => void;
}
