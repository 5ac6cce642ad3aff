import type { Context } from "hono";
import * as z from "zod";
import type { Connection } from "../../http-server.ts";
import { StripeApiError } from "../errors.ts";

export type ControlContext = Context<{ Bindings: Connection }>;

/** Reads the body of a control. @throws StripeApiError 400 if it is not what the control takes */
export async function bodyOf<Schema extends z.ZodType>(c: ControlContext, schema: Schema): Promise<z.output<Schema>> {
  const body = await c.req.json().catch(() => {
    throw badRequest("Cannot parse the body as JSON");
  });
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw badRequest(`Cannot accept the body: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`);
}

export function badRequest(message: string): StripeApiError {
  return new StripeApiError(400, { type: "invalid_request_error", message });
}
