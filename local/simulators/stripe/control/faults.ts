import { z } from "zod";

/** A fault of the API: what it hits, how often, and what happens instead of the proper answer. */
export const ApiFault = z.strictObject({
  /** `METHOD /path`: the method or `*`, and the path or its beginning. */
  match: z.string().regex(/^([A-Z]+|\*) \/\S*$/, 'must look like "GET /v1/subscriptions"'),
  times: z.int().min(1).default(1),
  /** `delay` answers properly, only late. */
  kind: z.enum(["drop_before", "drop_after_commit", "status", "delay"]),
  status: z.int().min(400).max(599).optional(),
  body: z.enum(["json", "html"]).optional(),
  delayMs: z.int().min(0).max(120_000).optional(),
})
  .refine((fault) => fault.kind !== "status" || fault.status !== undefined, 'kind "status" needs a status')
  .refine((fault) => fault.kind !== "delay" || fault.delayMs !== undefined, 'kind "delay" needs delayMs');
export type ApiFault = z.infer<typeof ApiFault>;

/** The faults in force for API calls; each is used up after `times` hits. */
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

  /** The first fault that hits this call, with one of its times used up; undefined where none does. */
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
