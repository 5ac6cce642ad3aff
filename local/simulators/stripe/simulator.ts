import type { Courier } from "./deliveries/courier.ts";
import type { Timers } from "../timers.ts";
import type { Faults } from "./control/faults.ts";
import type { Records } from "./records.ts";

/** What the routes of one running simulator share. */
export interface Simulator {
  records: Records;
  courier: Courier;
  faults: Faults;
  timers: Timers;
  secretKey: string;
  /** Own address, such as `http://127.0.0.1:40123`. */
  url: () => string;
  /** Where the success page leads back to. */
  returnUrl: string | null;
  /** Tells that the records changed and are to be saved. */
  changed: () => void;
}
