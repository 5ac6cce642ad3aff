import http from "node:http";
import type { AddressInfo } from "node:net";
import { eventually } from "../../../local/driver/eventually.ts";
import type { twilioSide } from "../../../local/driver/twilio-side.ts";
import type { Actor } from "../../../local/driver/actor.ts";

/** Sets a tenant's rules, and a webhook that takes a first message and fails for a second one. */
export async function setRules(
  { switchboard }: Actor,
  twilio: ReturnType<typeof twilioSide>,
  own: string,
): Promise<void> {
  await switchboard.saveMessagingSettings({
    stopReply: null,
    startReply: null,
    helpReply: "Corner Café, +1 415 555 0100, hello@corner.test. STOP unsubscribes.",
    allowedCountries: null,
    retentionDays: 90,
  });
  const server = await serverThatFailsAfter(2);
  await switchboard.saveForwardWebhook({ url: `${server}/switchboard` });
  await switchboard.confirmForwardWebhook();
  for (const body of ["Is the terrace open?", "And tomorrow?"]) {
    await twilio.inbound({ from: "+14155550114", to: own, body });
    await eventually("the delivery of a message", async () => {
      const { deliveries } = await switchboard.forwardDeliveries();
      return deliveries.length > (body.startsWith("And") ? 1 : 0);
    });
  }
}

/** A server that answers some requests with 204 and the others with 503. It does not keep the process alive. */
async function serverThatFailsAfter(count: number): Promise<string> {
  let answered = 0;
  const server = http.createServer((request, response) => {
    request.resume();
    answered += 1;
    response.writeHead(answered > count ? 503 : 204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
