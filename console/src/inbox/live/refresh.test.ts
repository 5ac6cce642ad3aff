import assert from "node:assert/strict";
import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { History } from "../thread/history.testing.ts";
import { Refresher } from "./refresh.ts";

Deno.test("a changed campaign is read again, and nothing of the inbox", async () => {
  const reads = { campaigns: 0, conversations: 0 };
  const queryClient = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, gcTime: Infinity } } });
  const observed = (["campaigns", "conversations"] as const).map((name) =>
    new QueryObserver(queryClient, { queryKey: [name, "list"], queryFn: () => reads[name] += 1 }).subscribe(() => {})
  );
  const refresher = new Refresher({ queryClient, list: new History().list, collectMs: 1, restMs: 1 });
  const rest = () => new Promise((resolve) => setTimeout(resolve, 20));
  await rest();
  refresher.add({ table: "campaigns", row: {} });
  await rest();
  assert.deepEqual(reads, { campaigns: 2, conversations: 1 });
  refresher.add({ table: "sms_conversations", row: {} });
  await rest();
  assert.deepEqual(reads, { campaigns: 2, conversations: 2 });
  refresher.addAll();
  await rest();
  assert.deepEqual(reads, { campaigns: 3, conversations: 3 });
  refresher.stop();
  for (const unobserve of observed) unobserve();
  queryClient.clear();
});
