import * as z from "zod";
import { type Rejection, REJECTIONS } from "../metering/rejections.ts";

/** Rejects the next `times` meter events after they were accepted, of one customer or of all. */
export const MeterFault = z.strictObject({
  meterEvents: z.literal("reject"),
  code: z.enum(REJECTIONS),
  times: z.int().min(1).default(1),
  customer: z.string().optional(),
});
export type MeterFault = z.infer<typeof MeterFault>;

/** The active faults of meter events. Each is removed after it affected `times` events. */
export class MeterFaults {
  #faults: MeterFault[] = [];

  add(fault: MeterFault): void {
    this.#faults.push({ ...fault });
  }

  list(): MeterFault[] {
    return this.#faults.map((fault) => ({ ...fault }));
  }

  clear(): void {
    this.#faults = [];
  }

  /** Returns why an event of this customer will be rejected, and counts the use. Null if no fault affects it. */
  take(customer: string | undefined): Rejection | null {
    const fault = this.#faults.find((each) => each.customer === undefined || each.customer === customer);
    if (fault === undefined) return null;
    fault.times -= 1;
    if (fault.times === 0) this.#faults.splice(this.#faults.indexOf(fault), 1);
    return fault.code;
  }
}
