import assert from "node:assert/strict";
import { failNextCall, test } from "./support.ts";

test("A message sent from a shared number shows that it went through the master account", async (tenant) => {
  await tenant.send("+14155550143", "Hello from a shared number");
  await tenant.sent.getByText("sent through the shared master account").waitFor();
});

test("A message whose response was lost is sent once when it is tried again", async (tenant) => {
  await failNextCall(tenant, "send-sms", "response");
  await tenant.send("+14155550144", "Once is enough");
  const dialog = tenant.page.getByRole("dialog");
  await dialog.getByRole("alert").getByText("The server did not answer").waitFor();
  await dialog.getByRole("button", { name: "Try again" }).click();
  await tenant.sent.getByText("Delivered").waitFor();
  assert.equal(await tenant.sent.count(), 1);
});

test("A refused recipient is said at the field, and the text stays", async (tenant) => {
  await tenant.send("+15005550009", "Hello");
  const dialog = tenant.page.getByRole("dialog");
  await dialog.getByText("is not a mobile number").waitFor();
  assert.equal(await dialog.getByLabel("Message", { exact: true }).inputValue(), "Hello");
});

test("The dialog shows a message's length, segments and encoding before it is sent", async (tenant) => {
  const dialog = await tenant.openDialog();
  await dialog.getByLabel("Message", { exact: true }).fill("x".repeat(161));
  await dialog.getByText("161/1600 · 2 segments · GSM-7").waitFor();
  await dialog.getByLabel("Message", { exact: true }).fill("Grüße 🎉");
  await dialog.getByText("8/1600 · 1 segment · UCS-2").waitFor();
});
