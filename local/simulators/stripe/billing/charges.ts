import { buildCharge } from "../objects/charge.ts";
import type { Invoice } from "../objects/shapes.ts";
import type { Books } from "./books.ts";

/** Records the charge that paid an invoice. */
export function recordCharge(books: Books, invoice: Invoice, amount: number): void {
  const record = buildCharge({ invoice, amount, created: books.now() });
  books.records.charges.set(record.id, record);
}
