import { printedStatement } from "../_shared/billing/printed-statement.ts";
import {
  LINE_COLUMNS,
  listStatements,
  readStatement,
  statementQuery,
  statementsQuery,
} from "../_shared/billing/statements.ts";
import { csvResponse } from "../_shared/platform/csv.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readQuery } from "../_shared/platform/request.ts";

/** Both read all rows of their statements. */
const LIMIT = { action: "statements", perUser: 60, perAddress: 300, windowSeconds: 60 };

/** The caller's statements, or one of them as JSON, as a file for spreadsheets or as a page to print. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { db, user, parameters: { statementId } } = context;
  if (statementId === undefined) {
    const query = readQuery(request, statementsQuery);
    await enforceRateLimit(LIMIT, request, context);
    return Response.json(await listStatements(db, user.id, query));
  }
  const { format } = readQuery(request, statementQuery);
  await enforceRateLimit(LIMIT, request, context);
  const statement = await readStatement(db, user.id, statementId);
  switch (format) {
    case "json":
      return Response.json(statement);
    case "csv": {
      const items = statement.lines.map((line) => ({ ...line, currency: statement.currency }));
      return csvResponse(`statement-${statement.from.slice(0, 10)}`, LINE_COLUMNS, { items, next: null });
    }
    case "html":
      return await printedStatement(statement, user.email ?? user.id);
  }
}
