import * as z from "zod";

/** A fault that is injected into matching API calls. */
export const ApiFault = z.strictObject({
  /** `METHOD /path`: a method or `*`, and a prefix of the path. */
  match: z.string().regex(/^([A-Z]+|\*) \/\S*$/, 'must look like "GET /v1/subscriptions"'),
  times: z.int().min(1).default(1),
  /**
   * `drop_before` closes the connection before the call has any effect, `drop_after_commit` after it took effect,
   * `status` responds with `status` and no effect, `status_after_commit` after the call took effect, `delay` responds
   * normally after `delayMs`.
   */
  kind: z.enum(["drop_before", "drop_after_commit", "status", "status_after_commit", "delay"]),
  status: z.int().min(400).max(599).optional(),
  /** The code of a 429, such as `lock_timeout`. Default: `rate_limit`. */
  code: z.string().optional(),
  body: z.enum(["json", "html"]).optional(),
  delayMs: z.int().min(0).max(120_000).optional(),
})
  .refine((fault) => !fault.kind.startsWith("status") || fault.status !== undefined, 'kind "status" needs a status')
  .refine((fault) => fault.kind !== "delay" || fault.delayMs !== undefined, 'kind "delay" needs delayMs');
export type ApiFault = z.infer<typeof ApiFault>;

/** The active faults of the API. Each is removed after it affected `times` calls. */
export class Faults {
  #faults: ApiFault[] = [];

  add(fault: ApiFault): void {
    this.#faults.push({ ...fault });
  }

  list(): ApiFault[] {
    return this.#faults.map((fault) => ({ ...fault }));
  }

  clear(): void {
    this.#faults = [];
  }

  /** Returns the first fault that matches the call and counts the use. Undefined if none matches. */
  take(method: string, path: string): ApiFault | undefined {
    const fault = this.#faults.find(({ match }) => {
      const [wanted, prefix] = match.split(" ") as [string, string];
      return (wanted === "*" || wanted === method) && path.startsWith(prefix);
    });
    if (!fault) return undefined;
    fault.times -= 1;
    if (fault.times === 0) this.#faults.splice(this.#faults.indexOf(fault), 1);
    return fault;
  }
}
