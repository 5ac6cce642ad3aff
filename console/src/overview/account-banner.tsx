import { Button, CloseButton, Group, Text } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { openChangePlan, openSubscribe } from "../billing/plan-dialogs.tsx";
import { mayBuy } from "../billing/subscription.ts";
import { useEndSubscription } from "../billing/use-own-subscription.ts";
import { useBillingPortal } from "../billing/use-stripe-pages.ts";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { useUser } from "../session/session.tsx";
import { useDependentRefresh } from "../subaccount/use-account.ts";
import type { AccountFacts, Banner, BannerAction } from "./account-state.ts";
import { useAccountState } from "./use-account-state.ts";

/** How many dismissed banners are remembered: an id never comes again once its date has passed. */
const MOST_DISMISSED = 50;

/** What the tenant must know about the account, on every screen. The most severe banner is shown, and the others on demand. */
export function AccountBanner() {
  useDependentRefresh();
  const { id: userId } = useUser();
  const { state, facts } = useAccountState();
  const [isOpen, setOpen] = useState(false);
  const [dismissed, setDismissed] = useLocalStorage<string[]>({
    key: `switchboard:dismissed-banners:${userId}`,
    defaultValue: [],
    getInitialValueInEffect: false,
  });
  const banners = (state?.banners ?? []).filter(({ id, severity }) => severity !== "notice" || !dismissed.includes(id));
  if (facts === undefined || banners.length === 0) return null;
  const [first, ...others] = banners;
  const dismiss = (id: string) => setDismissed((known) => [...known.slice(1 - MOST_DISMISSED), id]);
  const shown = isOpen ? banners : [first!];
  return (
    <section className="account-banners" aria-label="Your account">
      {shown.map((banner, index) => (
        <BannerRow
          key={banner.id}
          banner={banner}
          facts={facts}
          onDismiss={() => dismiss(banner.id)}
        >
          {index === 0 && others.length > 0 && (
            <Button
              size="compact-sm"
              variant="subtle"
              color="gray"
              className="account-banner-more"
              aria-expanded={isOpen}
              onClick={() => setOpen(!isOpen)}
            >
              {isOpen ? "Show less" : `and ${others.length} more`}
            </Button>
          )}
        </BannerRow>
      ))}
    </section>
  );
}

const ICONS = { critical: CircleAlert, warning: TriangleAlert, notice: Info } as const;

interface BannerRowProps {
  banner: Banner;
  facts: AccountFacts;
  onDismiss: () => void;
  children: React.ReactNode;
}

function BannerRow({ banner: { severity, text, action }, facts, onDismiss, children }: BannerRowProps) {
  const Icon = ICONS[severity];
  return (
    <div className="account-banner" data-severity={severity}>
      <Icon size={18} aria-hidden className="account-banner-icon" />
      <Text size="sm" className="account-banner-text">{text}</Text>
      <Group gap="xs" className="account-banner-actions">
        {action !== null && <ActionButton action={action} facts={facts} />}
        {children}
      </Group>
      {severity === "notice" && (
        <CloseButton size="sm" className="account-banner-close" aria-label="Dismiss" onClick={onDismiss} />
      )}
    </div>
  );
}

const LABELS: Readonly<Record<BannerAction, string>> = {
  update_card: "Update card",
  subscribe: "Subscribe",
  upgrade: "Upgrade",
  keep: "Keep subscription",
};

function ActionButton({ action, facts: { billing: { own } } }: { action: BannerAction; facts: AccountFacts }) {
  const portal = useBillingPortal();
  const end = useEndSubscription();
  const error = portal.error ?? end.error;

  function act() {
    switch (action) {
      case "update_card":
        return portal.mutate();
      case "subscribe":
        return openSubscribe();
      case "upgrade":
        return own === null || mayBuy(own) ? openSubscribe() : openChangePlan(own);
      case "keep":
        return own !== null && end.mutate({ subscription: own, when: "never" });
    }
  }

  return (
    <>
      <Button
        size="compact-sm"
        variant="filled"
        color="dark"
        className="account-banner-button"
        loading={portal.isPending || portal.isSuccess || end.isPending}
        onClick={act}
      >
        {LABELS[action]}
      </Button>
      {error !== null && <FailureAlert error={error} w="100%" />}
    </>
  );
}
