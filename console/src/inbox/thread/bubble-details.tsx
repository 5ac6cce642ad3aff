import { ActionIcon, Anchor, Button, CopyButton, Group, Popover } from "@mantine/core";
import { Check, Copy, Info } from "lucide-react";
import type { ListedMessage } from "../../../../client/switchboard.ts";
import { dateAndTime } from "../../platform/dates.ts";
import { Fact, Facts } from "../../platform/facts.tsx";
import { lookOf } from "../status.ts";

/** Everything about a message that its bubble does not show: when, how long, at what price, and why it failed. */
export function BubbleDetails({ message }: { message: ListedMessage }) {
  return (
    <Popover width={290} position="top" shadow="md" withArrow trapFocus returnFocus>
      <Popover.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={24}
          className="bubble-details"
          aria-label="Details of this message"
        >
          <Info size={15} aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <Details message={message} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Details({ message }: { message: ListedMessage }) {
  const { direction, body, status, segments, encoding, errorCode, createdAt, statusUpdatedAt } = message;
  const isOurs = direction === "outbound";
  const price = priceOf(message);
  return (
    <>
      <Facts>
        <Fact label={isOurs ? "Sent" : "Received"}>{dateAndTime(createdAt)}</Fact>
        {isOurs && <Fact label={lookOf(status).label}>{dateAndTime(statusUpdatedAt)}</Fact>}
        {segments !== null && <Fact label="Segments">{segments}{encoding !== null && ` (${encoding})`}</Fact>}
        {price !== null && <Fact label="Price">{price}</Fact>}
        {errorCode !== null && (
          <Fact label="Error">
            <Anchor
              inherit
              underline="always"
              href={`https://www.twilio.com/docs/errors/${errorCode}`}
              target="_blank"
              rel="noreferrer"
              aria-label={`${errorCode} (opens in a new tab)`}
            >
              {errorCode}
            </Anchor>
          </Fact>
        )}
      </Facts>
      {body !== null && body !== "" && (
        <Group mt="sm">
          <CopyButton value={body}>
            {({ copied, copy }) => (
              <Button
                size="xs"
                variant="default"
                leftSection={copied ? <Check size={14} /> : <Copy size={14} />}
                onClick={copy}
              >
                {copied ? "Copied" : "Copy text"}
              </Button>
            )}
          </CopyButton>
        </Group>
      )}
    </>
  );
}

/** What the message costs, with as many digits as it has; null for a message without a price. */
function priceOf({ price, priceUnit, direction }: ListedMessage): string | null {
  if (price === null || priceUnit === null) return direction === "outbound" ? "Not known yet" : null;
  const format = { style: "currency", currency: priceUnit, maximumFractionDigits: 5 } as const;
  return new Intl.NumberFormat(undefined, format).format(price);
}
