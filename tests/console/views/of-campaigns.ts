import type { Page } from "playwright-core";
import { UNBROKEN } from "./scene.ts";
import { click, type View } from "./view.ts";

const TABLE = [
  "Phone,First Name,Order",
  '+14155550131,Ada,"Two lines\nof an order"',
  "(415) 555-0132,Grace,A-1002",
  "+14155550133,,A-1003",
  "12,Jörg,A-1004",
  "+14155550131,Ada again,A-1005",
  `+14155550120,Opted out,${UNBROKEN}`,
  "+14155550137,Zoë,A-1007",
].join("\n");

const BODY = "Hi {{First Name}}, your order {{Order}} is on its way 🎉";

/** The views of the campaigns. */
export const CAMPAIGN_VIEWS: readonly View[] = [
  { name: "campaigns", user: "busy", path: "/campaigns", inGate: true },
  { name: "campaigns-none", user: "newcomer", path: "/campaigns" },
  { name: "campaigns-no-number", user: "newcomer", path: "/campaigns/new" },
  { name: "campaigns-filtered", user: "busy", path: "/campaigns?status=paused" },
  { name: "campaign-results", user: "busy", path: ({ busy }) => `/campaigns/${busy.campaign}` },
  { name: "campaign-failed", user: "busy", path: ({ busy }) => `/campaigns/${busy.campaign}?result=failed` },
  {
    name: "campaign-retry",
    user: "busy",
    path: ({ busy }) => `/campaigns/${busy.campaign}`,
    open: click("button", "Retry failed"),
  },
  {
    name: "campaign-scheduled",
    user: "busy",
    path: "/campaigns?status=scheduled",
    open: async (page) => {
      await page.getByRole("link", { name: /^Hello/ }).click();
      await page.getByText("Until then nothing is sent").waitFor();
    },
  },
  { name: "campaign-unknown", user: "busy", path: "/campaigns/00000000-0000-4000-8000-000000000000" },
  { name: "campaign-new", user: "busy", path: "/campaigns/new", open: empty },
  {
    name: "campaign-new-paste",
    user: "busy",
    path: "/campaigns/new",
    open: async (page) => {
      await empty(page);
      await page.getByText("Paste a table", { exact: true }).click();
    },
  },
  {
    name: "campaign-new-contacts",
    user: "busy",
    path: "/campaigns/new",
    open: async (page) => {
      await empty(page);
      await page.getByText("From contacts", { exact: true }).click();
    },
  },
  { name: "campaign-new-columns", user: "busy", path: "/campaigns/new", open: listed },
  { name: "campaign-new-message", user: "busy", path: "/campaigns/new", open: written },
  {
    name: "campaign-new-refused",
    user: "busy",
    path: "/campaigns/new",
    open: async (page) => {
      await listed(page);
      await proceed(page, "Message");
      await page.getByRole("textbox", { name: "Message" }).fill("Hi {{Unknown}}");
      await click("button", "Continue")(page);
      await page.getByRole("alert").waitFor();
    },
  },
  {
    name: "campaign-new-schedule",
    user: "busy",
    path: "/campaigns/new",
    open: async (page) => {
      await written(page);
      await proceed(page, "Schedule");
      await page.getByRole("radio", { name: "Later" }).check();
      await page.getByRole("switch", { name: "Only at certain hours" }).check();
      await page.getByRole("radio", { name: "One time zone for all" }).check();
    },
  },
  {
    name: "campaign-new-review",
    user: "busy",
    path: "/campaigns/new",
    open: async (page) => {
      await written(page);
      await proceed(page, "Schedule");
      await proceed(page, "Review");
      await page.getByText("3 rows get no message").waitFor();
    },
  },
];

/** A draft of the view before is discarded. */
async function empty(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^(Continue|Try again)$/ }).or(page.getByText("Estimated cost")).first()
    .waitFor();
  const discard = page.getByRole("button", { name: "Discard" });
  if (await discard.isVisible()) {
    await discard.click();
    await page.getByRole("dialog").getByRole("button", { name: "Discard" }).click();
  }
  await page.getByText("Drop a CSV file here").waitFor();
}

async function listed(page: Page): Promise<void> {
  await empty(page);
  await page.getByText("Paste a table", { exact: true }).click();
  await page.getByRole("textbox", { name: "Table" }).fill(TABLE);
  await click("button", "Use this table")(page);
  await page.getByRole("region", { name: "The first rows of the list" }).waitFor();
}

async function written(page: Page): Promise<void> {
  await listed(page);
  await proceed(page, "Message");
  await page.getByRole("textbox", { name: "Message" }).fill(BODY);
}

async function proceed(page: Page, to: string): Promise<void> {
  await click("button", "Continue")(page);
  await page.getByRole("heading", { level: 2, name: to }).waitFor();
}
