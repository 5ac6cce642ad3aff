import { startStack } from "./stack.ts";
import { addDemoData } from "./demo-data/add.ts";
const logs: string[] = [];
const stack = await startStack({ ephemeral: true, scheduler: 250, log: (l) => logs.push(l) });
const { sql } = stack;
try {
  await addDemoData(stack, (l) => console.log(l));
} catch (e) {
  console.log(e);
  console.log(await sql`select * from private.tenancies`);
  console.log(await sql`select * from public.subscriptions`);
  console.log(await sql`select message, vt, read_ct, lane from private.jobs`);
  console.log(await sql`select * from private.job_errors`);
  console.log(await sql`select * from private.due_work`);
  console.log(logs.filter((l) => /error|fail|warn|converge/.test(l)).slice(-60));
} finally {
  await stack.stop();
}
