import { click, type View } from "./view.ts";

const operator = { user: "operator" } as const;

/** The views of revenue and prices of operators. */
export const OPERATOR_MONEY_VIEWS: readonly View[] = [
  { ...operator, name: "operator-revenue", path: "/operator/revenue", inGate: true },
  { ...operator, name: "operator-revenue-none", path: "/operator/revenue?from=2021-01&to=2021-03" },
  { ...operator, name: "operator-revenue-tenants", path: "/operator/revenue/tenants" },
  { ...operator, name: "operator-revenue-losses", path: "/operator/revenue/losses?reason=no_payer" },
  { ...operator, name: "operator-revenue-unbilled", path: "/operator/revenue/unbilled" },
  { ...operator, name: "operator-revenue-rejected", path: "/operator/revenue/rejected" },
  { ...operator, name: "operator-revenue-unpaid", path: "/operator/revenue/unpaid" },
  { ...operator, name: "operator-prices", path: "/operator/prices" },
  {
    ...operator,
    name: "operator-prices-limits-dialog",
    path: "/operator/prices",
    open: click("button", "Change limits of Team"),
  },
  { ...operator, name: "operator-prices-fees", path: "/operator/prices/carrier-fees" },
  {
    ...operator,
    name: "operator-prices-fee-dialog",
    path: "/operator/prices/carrier-fees",
    open: click("button", "Set a fee"),
  },
  { ...operator, name: "operator-prices-rates", path: "/operator/prices/exchange-rates" },
  {
    ...operator,
    name: "operator-prices-rate-dialog",
    path: "/operator/prices/exchange-rates",
    open: click("button", "Set a rate"),
  },
];
