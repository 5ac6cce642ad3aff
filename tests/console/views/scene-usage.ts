import type { Actor } from "../../../local/driver/actor.ts";
import type { DatabaseSide } from "../../support/database-side.ts";
import { wrote } from "../../support/past-messages.ts";

interface Tenant {
  tenant: Actor & { number: string };
  database: DatabaseSide;
}

const DAY_SECONDS = 86_400;
const DAYS = 75;

/** Ten weeks of messages in both directions, fewer at weekends. */
export async function monthOfUse({ tenant, database }: Tenant): Promise<void> {
  const messages = Array.from({ length: DAYS }, (_, ago) => {
    const isWeekend = (ago + 2) % 7 < 2;
    const many = isWeekend ? 3 : 8 + (ago * 5) % 9;
    return Array.from({ length: many }, (_, index) => ({
      with: `+141555503${10 + index % 25}`,
      direction: index % 3 === 0 ? "inbound" as const : "outbound" as const,
      body: "Your order is on its way",
      ago: ago * DAY_SECONDS + 60 + index,
    }));
  }).flat();
  await wrote({ database }, tenant, tenant.number, messages);
  const { sql } = database;
  await sql`
    update public.sms_messages set estimated_price = case direction when 'outbound' then 0.0158 else 0.0079 end
    where user_id = ${tenant.id}`;
}
