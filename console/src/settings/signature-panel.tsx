import { Anchor, Button, Code, CopyButton, Text } from "@mantine/core";
import { Panel } from "../platform/panel.tsx";

const SAMPLE = `import express from "express";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.SWITCHBOARD_SECRET); // whsec_…

express().post("/switchboard", express.raw({ type: "*/*" }), (request, response) => {
  let event;
  try {
    event = webhook.verify(request.body, request.headers);
  } catch {
    return response.sendStatus(400);
  }
  // The header webhook-id is the same when an event is delivered again.
  response.sendStatus(204);
}).listen(3000);`;

/** How a server verifies that a request comes from here. */
export function SignaturePanel() {
  return (
    <Panel
      title="Verify the signature"
      description="Each request is signed, so that your server can refuse those of anyone else."
      aside={
        <CopyButton value={SAMPLE}>
          {({ copied, copy }) => (
            <Button size="xs" variant="default" onClick={copy}>{copied ? "Copied" : "Copy code"}</Button>
          )}
        </CopyButton>
      }
    >
      <div className="code-region" role="region" aria-label="Code that verifies the signature" tabIndex={0}>
        <Code block>{SAMPLE}</Code>
      </div>
      <Text size="sm" c="dimmed" mt="sm">
        The scheme is{" "}
        <Anchor href="https://www.standardwebhooks.com" target="_blank" rel="noreferrer">Standard Webhooks</Anchor>: it
        has libraries for most languages. Answer with a status of 2xx within 10 seconds, also to events of a type that
        you do not know. A status of 410 pauses the webhook.
      </Text>
    </Panel>
  );
}
