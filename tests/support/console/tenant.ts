import type { Locator, Page } from "playwright-core";

/** The password that every tenant signs up with. */
export const PASSWORD = "correct horse battery";

/** The actions of a tenant in the console. */
export class Tenant {
  /** When the tenant saw the console first, in milliseconds. */
  readonly arrivedAt = Date.now();

  /** @param email that the tenant signs up with */
  constructor(readonly page: Page, readonly email: string = `${crypto.randomUUID()}@example.test`) {}

  /** The id of the signed-in user. */
  async userId(): Promise<string> {
    return (await this.session()).userId;
  }

  /** The session that the page stores. */
  async session(): Promise<{ userId: string; accessToken: string }> {
    const text = await this.page.evaluate(() => {
      const { localStorage } = globalThis;
      const key = Object.keys(localStorage).find((name) => name.endsWith("-auth-token"));
      return key === undefined ? null : localStorage.getItem(key);
    });
    if (text === null) throw new Error("The page has no session");
    const session = JSON.parse(text);
    return { userId: session.user.id, accessToken: session.access_token };
  }

  async signUp(): Promise<void> {
    await this.page.getByRole("button", { name: "Create an account" }).click();
    await this.page.getByLabel("Email").fill(this.email);
    await this.page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
    await this.page.getByRole("button", { name: "Create account" }).click();
    await this.page.getByRole("heading", { name: "Overview" }).waitFor();
  }

  /** Fills in the form of the sign-in screen and submits it. */
  async signIn(email: string, password = PASSWORD): Promise<void> {
    await this.page.getByLabel("Email").fill(email);
    await this.page.getByRole("textbox", { name: "Password" }).fill(password);
    await this.page.getByRole("button", { name: "Sign in", exact: true }).click();
  }

  async signOut(): Promise<void> {
    await this.#fromAccountMenu("Sign out");
    await this.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  }

  async openAccount(): Promise<void> {
    await this.#fromAccountMenu("Account");
    await this.page.getByRole("heading", { name: "Account", level: 1 }).waitFor();
  }

  /** Of an operator, who sees the tenants first. */
  async openOwnPhoneSystem(): Promise<void> {
    await this.#fromAccountMenu("My phone system");
    await this.page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  }

  async #fromAccountMenu(item: string): Promise<void> {
    await this.page.getByRole("button", { name: /^Account of / }).click();
    await this.page.getByRole("menuitem", { name: item }).click();
  }

  async createSubaccount(): Promise<void> {
    await this.page.getByRole("button", { name: "Create my subaccount" }).click();
    await this.section("Subaccount").getByText("Active", { exact: true }).waitFor();
  }

  /** Chooses a plan and goes to its page at Stripe. */
  async chooseAtCheckout(plan: string): Promise<void> {
    await this.section("Plan").getByRole("button", { name: "Subscribe" }).click();
    await this.page.getByRole("radio", { name: plan }).click();
    await this.page.getByRole("button", { name: "Continue to payment" }).click();
    await this.page.getByRole("heading", { name: "Your subscription", level: 1 }).waitFor();
  }

  /** Buys the first number found. @returns the number in its displayed format */
  async buyNumber(areaCode: string): Promise<string> {
    await this.go("Numbers");
    await this.page.getByLabel("Area code").fill(areaCode);
    await this.page.getByRole("button", { name: "Search" }).click();
    // Not one of an older search, which is dimmed until the new one has an answer.
    const offer = this.page.locator("[aria-busy=false]").getByRole("button", { name: /^Buy \+/ }).first();
    const number = (await offer.getAttribute("aria-label"))!.replace("Buy ", "");
    await offer.click();
    await this.page.getByRole("button", { name: "Buy number" }).click();
    await this.section("Your numbers").getByText(number).waitFor();
    return number;
  }

  /** Opens the menu of a number, given in its displayed format, and selects an item. */
  async change(number: string, action: "Make primary" | "Rename" | "Release"): Promise<void> {
    await this.page.getByRole("button", { name: `Change ${number}` }).click();
    await this.page.getByRole("menuitem", { name: action }).click();
  }

  /** Opens the dialog for a new message. */
  async openDialog(): Promise<Locator> {
    await this.go("Inbox");
    await this.page.getByRole("button", { name: "New message" }).click();
    const dialog = this.page.getByRole("dialog", { name: "New message" });
    await dialog.getByRole("combobox", { name: "To" }).waitFor();
    return dialog;
  }

  /** Writes a message in the dialog and sends it. */
  async send(to: string, body: string): Promise<void> {
    const dialog = await this.openDialog();
    await dialog.getByRole("combobox", { name: "To" }).fill(to);
    await dialog.getByLabel("Message", { exact: true }).fill(body);
    await dialog.getByRole("button", { name: "Send", exact: true }).click();
  }

  async go(screen: "Overview" | "Inbox" | "Campaigns" | "Contacts" | "Numbers" | "Usage" | "Settings"): Promise<void> {
    await this.page.getByRole("navigation", { name: "Screens" }).getByRole("link", { name: screen }).first().click();
    await this.page.getByRole("heading", { name: screen, level: 1 }).waitFor();
  }

  section(title: string): Locator {
    return this.page.getByRole("region", { name: title, exact: true });
  }

  get sent(): Locator {
    return this.page.getByRole("listitem", { name: "Sent message" });
  }

  get received(): Locator {
    return this.page.getByRole("listitem", { name: "Received message" });
  }
}
