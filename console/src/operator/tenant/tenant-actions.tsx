import { Button, Group, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import type { Switchboard, TenantView } from "../../../../client/switchboard.ts";
import { ActionForm, type ActionFormProps, openAction } from "../actions/action-form.tsx";
import { obstacleOf, TENANT_ACTIONS, type TenantAction } from "./offers.ts";
import { CHANGES } from "./use-tenant.ts";

type Admin = Switchboard["admin"];

export const ACTION_LABELS: Readonly<Record<TenantAction, string>> = {
  "provision": "Provision",
  "suspend": "Suspend",
  "resume": "Resume",
  "sync": "Compare with Twilio",
  "rotate-token": "Rotate token",
  "close": "Close for good…",
};

const DANGEROUS: ReadonlySet<TenantAction> = new Set(["suspend", "close"]);

/** The actions on a tenant as a whole. One that cannot be done now says why. */
export function TenantActions({ view }: { view: TenantView }) {
  return (
    <Group gap="xs">
      {TENANT_ACTIONS.map((action) => (
        <ActionButton key={action} action={action} view={view} obstacle={obstacleOf(action, view)} />
      ))}
    </Group>
  );
}

/** @param isOnColor whether it is on the color of an alert, where a red button is hard to see */
export function ActionButton({ action, view, obstacle = null, isOnColor = false }: {
  action: TenantAction;
  view: TenantView;
  obstacle?: string | null;
  isOnColor?: boolean;
}) {
  const button = (
    <Button
      size="xs"
      variant="default"
      {
        // A disabled button takes no focus, and its reason could not be read with the keyboard.
        ...(obstacle !== null && { "aria-disabled": true, "data-disabled": true })
      }
      {...(DANGEROUS.has(action) && obstacle === null && !isOnColor && { color: "red", variant: "light" })}
      onClick={() => obstacle === null && openTenantAction(action, view)}
    >
      {ACTION_LABELS[action]}
    </Button>
  );
  return obstacle === null ? button : <Tooltip label={obstacle} events={EVERY_WAY}>{button}</Tooltip>;
}

const EVERY_WAY = { hover: true, focus: true, touch: true };

/** Opens the form of an action on a tenant. */
export function openTenantAction(action: TenantAction, view: TenantView): void {
  const { tenant } = view;
  const form = formOf(action, view);
  openAction(`${ACTION_LABELS[action].replace("…", "")}: ${tenant.email ?? tenant.userId}`, form);
}

function formOf(action: TenantAction, view: TenantView): (props: { onClose: () => void }) => ReactNode {
  const { tenant } = view;
  const { userId, subaccountSid } = tenant;
  const now = async (admin: Admin) => (await admin.tenant(userId)).tenant;
  switch (action) {
    case "provision":
      return made({
        consequence:
          "They get a subaccount without a subscription, under the limits of the free plan. What it costs at " +
          "Twilio is not paid by anyone until they subscribe.",
        submit: "Provision",
        act: (admin, reason, options) => admin.provision({ userId, reason }, options),
        said: () => "Accepted: a job sets up the subaccount",
        effect: async (admin) => {
          const { status, subaccountSid } = await now(admin);
          return status === "active" ? `The subaccount ${subaccountSid} is active` : null;
        },
      });
    case "suspend":
      return made({
        consequence:
          "Nothing is sent or received until the tenant is resumed, whatever their subscription says. Numbers " +
          "and texts are kept, and Twilio still bills the numbers. The subscription continues.",
        submit: "Suspend tenant",
        isDangerous: true,
        act: (admin, reason, options) => admin.suspend({ userId, reason }, options),
        said: () => "Accepted: the hold is set",
        effect: async (admin) => {
          const { status, operatorHold, subaccountSid } = await now(admin);
          if (operatorHold !== "suspended") return null;
          if (subaccountSid === null) return "They have no subaccount: none will be set up";
          return status === "suspended" ? "The subaccount is suspended at Twilio" : null;
        },
      });
    case "resume":
      return made({
        consequence:
          "Lifts the suspension, ours or one made in Twilio's console. The subaccount then has the status that " +
          "the subscription gives it.",
        submit: "Resume tenant",
        act: (admin, reason, options) => admin.resume({ userId, reason }, options),
        said: () => "Accepted: the hold is lifted",
        effect: async (admin) => {
          const { status, operatorHold, isDrifting, wanted } = await now(admin);
          if (operatorHold !== null || isDrifting) return null;
          return status === "active"
            ? "The subaccount is active at Twilio"
            : wanted === "none"
            ? "Nothing holds them: they are entitled to no subaccount"
            : `The subaccount is ${status}, as the subscription demands`;
        },
      });
    case "sync":
      return made({
        consequence: "Compares the subaccount, its numbers and its usage with Twilio now, and corrects what differs.",
        submit: "Compare now",
        act: (admin, reason, options) => admin.syncTenant({ userId, reason }, options),
        said: () => "Accepted: jobs compare them",
        effect: async (admin) => {
          const { convergedAt, lastError, status } = await now(admin);
          if (convergedAt === tenant.convergedAt) return null;
          return lastError === null
            ? `Compared: the subaccount is ${status}, as at Twilio`
            : `Compared, with an error: ${lastError}`;
        },
      });
    case "rotate-token":
      return made({
        consequence:
          "Gives the subaccount another auth token. What was stolen stops working; our own calls and webhooks " +
          "continue without a gap.",
        submit: "Rotate token",
        act: (admin, reason, options) => admin.rotateToken({ userId, reason }, options),
        said: () => "Accepted: a job rotates the token",
        effect: async (admin) => {
          const { entries } = await admin.timeline(userId, { limit: 20 });
          const asked = entries.find((line) => line.action === "token.rotation_requested");
          const isRotated = entries.some(({ action, id }) => action === "token.rotated" && id > (asked?.id ?? 0));
          return isRotated ? "The subaccount has another token" : null;
        },
      });
    case "close":
      return made({
        consequence:
          "This is final. The numbers are released and cannot be had back, then Twilio closes the subaccount. " +
          "The subscription continues at Stripe until it is canceled.",
        submit: "Close for good",
        isDangerous: true,
        ...(subaccountSid !== null && { typed: { label: `Type ${subaccountSid} to confirm`, value: subaccountSid } }),
        act: (admin, reason, options) =>
          admin.close(
            { userId, reason, ...(subaccountSid !== null && { confirmSubaccountSid: subaccountSid }) },
            options,
          ),
        said: () => "Accepted: the tenant is to be closed",
        effect: async (admin) => {
          const { status, operatorHold, subaccountSid } = await now(admin);
          if (operatorHold !== "closed") return null;
          if (subaccountSid === null) return "They have no subaccount: none will be set up";
          return status === "closed" ? "The subaccount is closed at Twilio" : null;
        },
      });
  }
}

/** The dialog of an action without fields of its own. */
function made<Answer>(form: Omit<ActionFormProps<Answer>, "changes" | "onClose">) {
  return ({ onClose }: { onClose: () => void }) => <ActionForm {...form} changes={CHANGES} onClose={onClose} />;
}
