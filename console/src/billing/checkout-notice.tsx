import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { announce } from "../platform/notify.ts";
import { REFRESH_AFTER } from "./refresh-after.ts";
import { outcomeIn } from "./return-url.ts";

/** Announces the outcome of a checkout once, after Stripe's page led back here. Renders nothing. */
export function CheckoutNotice() {
  const queryClient = useQueryClient();
  useEffect(() => {
    const { outcome, href } = outcomeIn(globalThis.location.href);
    if (outcome === null) return;
    globalThis.history.replaceState(null, "", href);
    if (outcome === "canceled") {
      announce({ kind: "info", title: "You have not been charged", message: "You can subscribe at any time" });
      return;
    }
    announce({
      title: "Thank you for subscribing",
      message: "Your plan appears here as soon as Stripe confirms it, usually within seconds",
    });
    for (const seconds of REFRESH_AFTER) setTimeout(() => void queryClient.invalidateQueries(), seconds * 1000);
  }, [queryClient]);
  return null;
}
