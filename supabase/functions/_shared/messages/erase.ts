import { type Db, decide } from "../platform/database.ts";

const BATCH = 1_000;
/** The length of a turn. Other jobs run between turns. */
const TURN_MS = 5_000;

/**
 * Erases the texts, media and peer numbers of a deleted user, batch by batch, for one turn. The cost of each message stays
 * under the user's id.
 * @returns whether nothing is left
 */
export async function eraseDeletedUser(userId: string, { db }: { db: Db }, turnMs = TURN_MS): Promise<boolean> {
  const deadline = performance.now() + turnMs;
  do {
    const outcome = await decide(db, "erase_messages_of_deleted_user", { p_user_id: userId, p_limit: BATCH });
    switch (outcome) {
      case "done":
      case "user_exists":
        return true;
      case "continues":
        break;
    }
  } while (performance.now() < deadline);
  return false;
}
