import { CreditCard, type LucideIcon, Mail, Smartphone } from "lucide-react";
import { useBackend } from "../platform/backend.tsx";

export interface LocalTool {
  href: string;
  label: string;
  Icon: LucideIcon;
}

/** The simulators' pages; none outside of the local stack. */
export function useLocalTools(): LocalTool[] {
  const { config: { phonesUrl, stripeUrl, mailUrl } } = useBackend();
  const tools = [
    { href: phonesUrl, label: "Phones", Icon: Smartphone },
    { href: stripeUrl, label: "Subscriptions", Icon: CreditCard },
    { href: mailUrl, label: "Captured mail", Icon: Mail },
  ];
  return tools.flatMap(({ href, ...tool }) => href === null ? [] : [{ href, ...tool }]);
}
