import { useEffect } from "react";
import { announce } from "../platform/notify.ts";
import { useAccountRefresh } from "../subaccount/use-account.ts";
import { useAwaitedPayment } from "./awaited-payment.ts";
import { outcomeIn } from "./return-url.ts";

/** Says once what a visit to Stripe's pages led to, and reads the account until it shows. Renders nothing. */
export function CheckoutNotice() {
  const refresh = useAccountRefresh();
  const { expectPayment } = useAwaitedPayment();
  useEffect(() => {
    const { outcome, href } = outcomeIn(globalThis.location.href);
    if (outcome === null) return;
    globalThis.history.replaceState(null, "", href);
    if (outcome === "canceled") {
      announce({ kind: "info", title: "You have not been charged", message: "You can subscribe at any time" });
      return;
    }
    if (outcome === "paid") {
      expectPayment();
      announce({
        title: "Thank you for subscribing",
        message: "Your plan appears here as soon as Stripe confirms it, usually within seconds",
      });
    }
    void refresh();
  }, [refresh]);
  return null;
}
