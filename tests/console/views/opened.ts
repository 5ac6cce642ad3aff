import type { Page } from "playwright-core";
import { UNBROKEN } from "./scene.ts";
import type { View } from "./view.ts";

type Step = (page: Page) => Promise<unknown>;

/**
 * What opens or appears on the screens besides the dialogs among `VIEWS`: menus, lists of fields, popovers, tooltips, toasts,
 * and forms that are refused. Each is safe to show again: none sends, buys, or deletes.
 */
export const OPENED: readonly View[] = [
  ...views(null, "/", {
    "sign-in-refused": [fill("Email", "nonsense"), press("Sign in"), see("Enter a valid email")],
    "sign-in-wrong": [
      fill("Email", "nobody@example.test"),
      fill("Password", "a wrong password"),
      press("Sign in"),
      see("The email or the password is wrong"),
    ],
    "sign-up-refused": [press("Create an account"), press("Create account"), see("Use at least 8 characters")],
  }),
  ...views("newcomer", "/", {
    "newcomer-plan-dialog": [press("Subscribe"), see("Choose your plan")],
    "newcomer-send-dialog": [search("new message"), key("Enter"), see("You have no subaccount yet")],
  }),
  ...views("busy", "/", {
    "spotlight-found": [search("a"), see("Ada Lovelace")],
    "spotlight-nothing-found": [search("x".repeat(60)), see("Nothing matches")],
  }),
  ...views("busy", "/", {
    "colors-menu": [press(/^Colors: /)],
    "header-tooltip": [hover(/^Colors: /)],
    // On a phone the colors are chosen in the account.
  }).map((view) => ({ ...view, minWidth: 576 })),
  ...views("busy", "/inbox", {
    "inbox-filters": [press("More filters")],
    "inbox-filter-numbers": [press("More filters"), openList("Your number")],
    "inbox-filter-tags": [press("More filters"), openList("Tag")],
    "inbox-shortcuts": [key("Shift+?"), see("Next conversation")],
    "send-dialog-numbers": [press("New message"), openList("From")],
    "send-dialog-countries": [press("New message"), openList("Country")],
    "send-dialog-contacts": [press("New message"), type("To", "ada"), see("+1 415 555 0111")],
    "send-dialog-opted-out": [press("New message"), fill("To", "+14155550120"), see("This recipient opted out")],
    "send-dialog-refused": [
      press("New message"),
      fill("To", "12"),
      press("Attach a picture"),
      fill("URL of the picture", UNBROKEN),
      press("Attach"),
      fill("Message", "“Too long”. ".repeat(130) + UNBROKEN),
      see(/^Not a phone number/),
    ],
  }),
  ...views("busy", ({ busy }) => `/inbox/${busy.conversation}`, {
    "thread-actions": [press("Actions of this conversation")],
    "thread-contact": [press("Actions of this conversation"), press("Add to contacts"), see("Only you see this")],
    "thread-details": [(page) => page.getByRole("button", { name: "Details of this message" }).last().click()],
    "thread-enter-menu": [press(/Enter sends$/)],
    "thread-picture-url": [
      press("Attach a picture"),
      fill("URL of the picture", "x"),
      press("Attach"),
      see(/^Enter a URL/),
    ],
    "thread-special-characters": [fill("Message", "“Grüße” 🎉"), (page) => page.getByText("UCS-2").hover()],
    "thread-not-sent": [
      (page) => page.route("**/functions/v1/send-sms", (route) => route.abort()),
      fill("Message", UNBROKEN),
      press("Send"),
      see("Try again"),
    ],
  }),
  ...views("busy", ({ busy }) => `/inbox/${busy.numbers[0]}~+14155550117`, {
    "thread-picture-large": [press(/: show it large$/), see("Open in a new tab")],
  }),
  ...views("busy", "/contacts", {
    "contacts-tags": [openList("Tag")],
    "contacts-nothing-found": [fill("Search contacts", "x".repeat(60)), see("No matching contacts")],
    "contact-dialog-tags": [press("New contact"), openList("Tags")],
    "contact-dialog-refused": [
      press("New contact"),
      type("Tags", "x".repeat(41)),
      key("Enter"),
      press("Add contact"),
      see("Enter a phone number"),
    ],
    "contact-dialog-stored": [press(/^Rindfleisch/), see("Only you see this")],
    "contact-deletion": [press(/^Rindfleisch/), press("Delete"), see("Delete this contact?")],
    "contact-import": [press("Import"), see("Choose a file")],
    "contact-import-result": [
      press("Import"),
      fill("Contacts", `12, ${"x".repeat(120)}`),
      (page) => page.getByRole("dialog").getByRole("button", { name: "Import" }).click(),
      see("1 line was not imported"),
    ],
  }),
  ...views("busy", "/numbers", {
    "numbers-countries": [openList("Country")],
    "numbers-refused": [fill("Area code", "4"), press("Search"), see("Enter three digits")],
    "numbers-menu": [press(/^Change \+/)],
    "numbers-rename-dialog": [press(/^Change \+/), press("Rename"), see("Only you see this")],
    "numbers-papers": [...searchForPapers(), press(/^Buy \+/), press("Buy number"), see(/^Enter BU/)],
    "numbers-synced": [press("Sync now"), see(/unchanged$/)],
    "numbers-toast": [
      press(/^Change \+/),
      press("Rename"),
      fill("Name", "N".repeat(64)),
      press("Save name"),
      see("Name saved"),
    ],
  }),
  ...views("busy", "/account", {
    "account-refused": [
      fill("New email", "nonsense"),
      press("Change email"),
      press("Change password"),
      see(/^Enter a/),
    ],
    "account-email-waiting": [
      fill("New email", `${"very-long-".repeat(6)}@example.test`),
      press("Change email"),
      see(/^Waiting for you/),
    ],
  }),
];

function views(user: View["user"], path: View["path"], steps: Record<string, readonly Step[]>): View[] {
  return Object.entries(steps).map(([name, all]) => ({
    name,
    user,
    path,
    open: async (page) => {
      for (const step of all) await step(page);
    },
  }));
}

/** Clicks on a button, a link or an item of a menu. */
function press(name: string | RegExp): Step {
  return async (page) => {
    const [button, link, item] = (["button", "link", "menuitem"] as const).map((role) =>
      page.getByRole(role, { name, exact: true })
    );
    await button!.or(link!).or(item!).filter({ visible: true }).first().click();
  };
}

function hover(name: RegExp): Step {
  return (page) => page.getByRole("button", { name }).filter({ visible: true }).hover();
}

function fieldOf(page: Page, name: string) {
  const [text, search, combobox] = (["textbox", "searchbox", "combobox"] as const).map((role) =>
    page.getByRole(role, { name, exact: true })
  );
  return text!.or(search!).or(combobox!).filter({ visible: true });
}

function fill(label: string, text: string): Step {
  return (page) => fieldOf(page, label).fill(text);
}

function type(label: string, text: string): Step {
  return (page) => fieldOf(page, label).pressSequentially(text);
}

function openList(label: string): Step {
  return async (page) => {
    await fieldOf(page, label).click();
    await page.getByRole("option").filter({ visible: true }).first().waitFor();
  };
}

function key(keys: string): Step {
  return (page) => page.keyboard.press(keys);
}

function see(text: string | RegExp): Step {
  return (page) => page.getByText(text).filter({ visible: true }).first().waitFor();
}

/** Writes into the spotlight. */
function search(text: string): Step {
  return async (page) => {
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("Search or choose").fill(text);
  };
}

/** Finds numbers for which Twilio requires papers. */
function searchForPapers(): Step[] {
  return [
    openList("Country"),
    (page) => page.getByRole("option", { name: "Germany" }).click(),
    (page) => page.getByText("Mobile", { exact: true }).click(),
    press("Search"),
    see("Needs an approved regulatory bundle"),
  ];
}
