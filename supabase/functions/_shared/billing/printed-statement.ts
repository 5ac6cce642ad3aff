import { type Html, html, pageResponse } from "../platform/html.ts";
import { KIND_LABELS } from "./kind-labels.ts";
import type { StatementDetails, StatementLine } from "./statements.ts";

/** A statement as one page to print, which loads nothing. */
export function printedStatement(statement: StatementDetails, tenant: string): Promise<Response> {
  const title = statement.type === "period" ? "Statement of usage" : "Statement of later usage";
  const write = writerOf(statement.currency);
  const page = html`
    <body>
      <main>
    <header>
    <h1>${title}</h1>
    <dl>
    <dt>Account</dt><dd>${tenant}</dd>
    <dt>Period</dt><dd>${moment(statement.from)} to ${moment(statement.until)} (UTC)${statement.isTrial
      ? ", free trial"
      : ""}</dd>
    <dt>Invoice</dt><dd>${invoiceNames(statement)}</dd>
    <dt>Status</dt><dd>${STATUSES[statement.status]}</dd>
    <dt>Statement</dt><dd>${statement.id}</dd>
    </dl>
    <p class="sum"><span>Usage, without taxes</span> <strong>${write(statement.units / 10_000)}</strong></p>
    </header>
    ${totals(statement, write)}
    ${invoices(statement, write)}
    ${lines(statement, write)}
    <footer>
    <p>Usage is measured in units of 1/10,000 ${statement.currency
      .toUpperCase()}. The amounts of each kind are rounded to whole
    units, and what is left is carried on within the period; less than one unit is never billed. ${added(statement)}</p>
    </footer>
      </main>
    </body>
  `;
  return pageResponse(`${title}, ${statement.from.slice(0, 10)}`, STYLE, page);
}

type Write = (amount: number) => string;

/** Amounts of the currency with up to four decimals, its usual ones at least. */
function writerOf(currency: string): Write {
  const format = new Intl.NumberFormat("en", { style: "currency", currency, maximumFractionDigits: 4 });
  return (amount) => format.format(amount);
}

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const whole = (count: number) => number.format(count);

/** `1 February 2027, 00:00` */
const moment = (iso: string) =>
  new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" }).format(new Date(iso));
const day = (iso: string) =>
  new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" }).format(new Date(iso));

const STATUSES: Readonly<Record<StatementDetails["status"], string>> = {
  open: "Open: the period is not over",
  closing: "Closing: late usage may still be added",
  closed: "Closed: it does not change any more",
};

const TYPES: Readonly<Record<StatementLine["type"], string>> = {
  usage: "",
  correction: "Correction",
  not_counted: "Billed by a later statement",
  sent_again: "Not billed before",
};

const STATES: Readonly<Record<StatementLine["state"], string>> = {
  billed: "",
  pending: "Pending",
  trial: "Free trial",
  not_billed: "Not billed",
};

function invoiceNames({ invoices }: StatementDetails): string {
  if (invoices.length === 0) return "None yet";
  return invoices.map(({ id, number, status }) => `${number ?? id}${status === null ? "" : ` (${status})`}`).join(", ");
}

function table(name: string, columns: readonly [string, ...string[]], body: readonly Html[], foot?: Html): Html {
  return html`
    <section>
      <h2>${name}</h2>
      <table>
    <thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
    <tbody>
    ${body}</tbody>
    ${foot === undefined ? [] : html`
      <tfoot>${foot}</tfoot>
    `}</table>
    </section>
  `;
}

const row = (head: string, cells: readonly (string | number)[]): Html =>
  html`
    <tr><th scope="row">${head}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
  `;

function totals({ totals, units }: StatementDetails, write: Write): Html {
  const body = totals.map((total) =>
    row(KIND_LABELS[total.kind], [
      whole(total.count),
      whole(total.segments),
      write(total.price),
      write(total.included),
      write(total.amount),
      number.format(total.remainder),
      whole(total.units),
    ])
  );
  const columns = ["Kind", "Count", "Segments", "Price", "Included", "Amount", "Units carried", "Units"] as const;
  return table("Totals", columns, body, row("Sum", ["", "", "", "", "", "", whole(units)]));
}

function invoices({ invoices }: StatementDetails, write: Write): Html {
  const body = invoices.flatMap(({ id, number, lines }) =>
    lines.map(({ kind, quantity, amount, rounding }) =>
      row(number ?? id, [
        kind === null ? "Usage" : KIND_LABELS[kind],
        quantity === null ? "" : whole(quantity),
        quantity === null ? "" : write(quantity / 10_000),
        rounding === null ? "" : write(rounding),
        write(amount),
      ])
    )
  );
  if (body.length === 0) return html``;
  return table("On the invoice", ["Invoice", "Kind", "Units", "Exactly", "Rounding", "Billed"], body);
}

function lines({ lines }: StatementDetails, write: Write): Html {
  const body = lines.map((line) =>
    row(day(line.day), [
      KIND_LABELS[line.kind],
      noteOf(line),
      whole(line.count),
      whole(line.segments),
      write(line.price),
      write(line.included),
      write(line.amount),
      whole(line.units),
    ])
  );
  const columns = ["Day", "Kind", "Note", "Count", "Segments", "Price", "Included", "Amount", "Units"] as const;
  return table("Lines", columns, body);
}

function noteOf({ type, state, isLate, from, until }: StatementLine): string {
  const late = isLate ? `Of ${day(from)} to ${day(until)}` : "";
  return [TYPES[type], STATES[state], late].filter((note) => note !== "").join(". ");
}

function added({ addsUp }: StatementDetails): string {
  if (addsUp.ledger && addsUp.invoice === true) return "The lines add up to the invoice.";
  if (addsUp.ledger && addsUp.invoice === null) return "The invoice is not final yet.";
  return "The lines do not add up to the invoice yet.";
}

const STYLE = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body {
  margin: 0; background: #fff; color: #1b1f24;
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.5rem; }
h1 { margin: 0 0 1.25rem; font-size: 1.75rem; font-weight: 650; letter-spacing: -0.01em; }
h2 { margin: 2.25rem 0 0.5rem; font-size: 1rem; font-weight: 650; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1.5rem; margin: 0; }
dt { color: #57606a; }
dd { margin: 0; overflow-wrap: anywhere; }
.sum {
  display: flex; justify-content: space-between; align-items: baseline; margin: 1.5rem 0 0;
  padding: 0.9rem 0; border-block: 2px solid #1b1f24;
}
.sum strong { font-size: 1.5rem; font-variant-numeric: tabular-nums; }
section { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.35rem 0.5rem; text-align: right; vertical-align: top; white-space: nowrap; }
th:first-child, td:first-child { padding-left: 0; text-align: left; }
th:last-child, td:last-child { padding-right: 0; }
th[scope=row] { font-weight: 400; white-space: normal; overflow-wrap: anywhere; }
section:last-of-type th[scope=row] { white-space: nowrap; }
thead th { border-bottom: 1px solid #8c959f; color: #57606a; font-size: 0.8rem; font-weight: 500; }
tbody tr + tr > * { border-top: 1px solid #eaeef2; }
tfoot th, tfoot td { border-top: 1px solid #8c959f; font-weight: 650; }
section:last-of-type td:nth-child(2), section:last-of-type td:nth-child(3),
section:last-of-type th:nth-child(2), section:last-of-type th:nth-child(3) { text-align: left; }
section:last-of-type td:nth-child(3) { min-width: 9rem; white-space: normal; color: #57606a; }
footer { margin-top: 2.5rem; color: #57606a; font-size: 0.85rem; }
@page { margin: 16mm 14mm; }
@media print {
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  section { overflow: visible; }
  thead { display: table-header-group; }
  tr, .sum, dl { break-inside: avoid; }
  h2 { break-after: avoid; }
}
`;
