import { Alert } from "@mantine/core";
import { Info } from "react-feather";

/** Says that the numbers shown are not the tenant's own, in the server's words. */
export function SharedNotice({ notice }: { notice: string }) {
  return <Alert variant="light" icon={<Info />} role="note">{notice}</Alert>;
}
