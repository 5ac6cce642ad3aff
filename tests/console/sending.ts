import assert from "node:assert/strict";
import { failNextCall, test } from "./support.ts";

test("A message sent from a shared number shows that it went through the master account", async (tenant) => {
  await tenant.send("+14155550143", "Hello from a shared number");
  await tenant.sent.getByText("sent through the shared master account").waitFor();
});

test("A message whose response was lost is sent once when Send is pressed again", async (tenant) => {
  await failNextCall(tenant, "send-sms", "response");
  await tenant.send("+14155550144", "Once is enough");
  await tenant.page.getByRole("alert").getByText("Cannot reach the server").waitFor();
  await tenant.page.getByRole("button", { name: "Send" }).click();
  await tenant.sent.getByText("Delivered").waitFor();
  assert.equal(await tenant.sent.count(), 1);
});

test("A refused message shows its reason, error code and request id", async (tenant) => {
  await tenant.send("+15005550009", "Hello");
  const toast = tenant.page.getByRole("alert").filter({ hasText: "is not a mobile number" });
  await toast.getByText("invalid_recipient").waitFor();
  await toast.getByText(/^request [0-9a-f-]{36}$/).waitFor();
});

test("The compose box shows a message's length, segments and encoding before it is sent", async (tenant) => {
  await tenant.go("Inbox");
  await tenant.page.getByRole("link", { name: "New message" }).click();
  await tenant.page.getByLabel("Message", { exact: true }).fill("x".repeat(161));
  await tenant.page.getByText("161/1600 · 2 segments · GSM-7").waitFor();
  await tenant.page.getByLabel("Message", { exact: true }).fill("Grüße 🎉");
  await tenant.page.getByText("8/1600 · 1 segment · UCS-2").waitFor();
});
