import { Alert } from "@mantine/core";
import { Info } from "lucide-react";

/** The server's notice that the listed numbers are shared. */
export function SharedNotice({ notice }: { notice: string }) {
  return <Alert variant="light" icon={<Info />} role="note">{notice}</Alert>;
}
