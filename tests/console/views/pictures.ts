import type { Page } from "playwright-core";
import { click } from "./view.ts";

/** A picture of the documents, taken from a stack with demo data. */
export interface Picture {
  /** The name of the file in `docs/pictures`, without its extension. */
  name: string;
  /** Who is signed in; or the page of a simulator. */
  of: "bakery" | "operator" | "twilio" | "stripe";
  /** The route of the console, or what follows the address of the simulator's page. */
  path: string | ((ids: PictureIds) => string);
  colorScheme?: "dark";
  viewport?: { width: number; height: number };
  /** Opens what the picture shows. */
  open?: (page: Page) => Promise<void>;
}

/** What the demo data have other ids for with each start. */
export interface PictureIds {
  campaign: string;
  dentist: string;
}

/** The bakery's number for orders, and a person who writes there. */
const ORDERS = "+14155550100";
const PERSON = "+14155550114";

const LIST = [
  "Phone,First Name,Pickup",
  "(415) 555-0110,Maya,9:00 am",
  "(415) 555-0111,Daniel,9:30 am",
  "(415) 555-0112,Priya,9:30 am",
  "(415) 555-0113,Tom,10:00 am",
  "(415) 555-0114,Grace,10:00 am",
  "(510) 555-0115,Omar,10:30 am",
  "(650) 555-0118,Hana,11:00 am",
  "(415) 555-0123,Isaac,11:00 am",
  "555,Eleanor,11:30 am",
  "(415) 555-0110,Maya,9:00 am",
].join("\n");

/** The pictures of README.md, docs and console/README.md. */
export const PICTURES: readonly Picture[] = [
  { name: "inbox", of: "bakery", path: `/inbox/${ORDERS}~${PERSON}` },
  {
    name: "inbox-phone",
    of: "bakery",
    path: `/inbox/${ORDERS}~${PERSON}`,
    colorScheme: "dark",
    viewport: { width: 375, height: 720 },
  },
  { name: "campaign-review", of: "bakery", path: "/campaigns/new", open: reviewCampaign },
  { name: "campaign-results", of: "bakery", path: ({ campaign }) => `/campaigns/${campaign}` },
  { name: "usage", of: "bakery", path: "/usage" },
  { name: "webhook", of: "bakery", path: "/settings/webhook" },
  { name: "operator-tenants", of: "operator", path: "/operator/tenants" },
  { name: "operator-tenant", of: "operator", path: ({ dentist }) => `/operator/tenants/${dentist}` },
  { name: "operator-alerts", of: "operator", path: "/operator/alerts" },
  { name: "operator-revenue", of: "operator", path: "/operator/revenue" },
  { name: "twilio-phones", of: "twilio", path: `#${encodeURIComponent(PERSON)}` },
  { name: "stripe-subscriptions", of: "stripe", path: "" },
];

/** The last step before a campaign is sent: what the dry run found in a pasted list. */
async function reviewCampaign(page: Page): Promise<void> {
  await page.getByText("Paste a table", { exact: true }).click();
  await page.getByRole("textbox", { name: "Table" }).fill(LIST);
  await click("button", "Use this table")(page);
  await proceed(page, "Message");
  await page.getByRole("textbox", { name: "Message" }).fill(
    "Hi {{First Name}}, your order is ready for pickup at {{Pickup}}.",
  );
  await proceed(page, "Schedule");
  await proceed(page, "Review");
  await page.getByText(/get no message/).first().waitFor();
}

async function proceed(page: Page, to: string): Promise<void> {
  await click("button", "Continue")(page);
  await page.getByRole("heading", { level: 2, name: to }).waitFor();
}
