import { rows } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { page } from "../_shared/platform/paging.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { isoOf } from "../_shared/platform/time.ts";
import { deadLettersQuery } from "./contract.ts";

/** Dead letters, newest first; `next` is the cursor of the next page. */
export async function listDeadLetters(request: Request, { db }: Context): Promise<Response> {
  const { before, limit } = readQuery(request, deadLettersQuery);
  const letters = await rows(db, "list_dead_letters", { p_before: before ?? null, p_limit: limit });
  const { items: deadLetters, next } = page(
    letters,
    limit,
    ({ letter_id, lane, job, error, moved_at }) => ({ id: letter_id, lane, job, error, buriedAt: isoOf(moved_at) }),
    (last) => last.letter_id,
  );
  return Response.json({ deadLetters, next });
}
