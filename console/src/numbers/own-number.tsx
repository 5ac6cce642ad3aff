import type { ScheduledNumberChange, SubaccountStatus } from "../../../client/switchboard.ts";
import { Stack } from "@mantine/core";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { announce } from "../platform/notify.ts";
import { readable } from "../phone/phone-format.ts";
import { NumberMenu } from "./number-menu.tsx";
import { NumberRow } from "./number-row.tsx";
import { ScheduledNote } from "./scheduled-note.tsx";
import { type PhoneNumber, useNumberAction } from "./use-numbers.ts";

export interface OwnNumberProps {
  number: PhoneNumber;
  /** What happens to it by itself. */
  scheduled: readonly ScheduledNumberChange[];
  /** Of the tenant's subaccount; undefined until it is loaded. */
  status: SubaccountStatus | null | undefined;
}

/** One of the tenant's numbers with its actions. */
export function OwnNumber({ number, scheduled, status }: OwnNumberProps) {
  const { id, phoneNumber } = number;
  const makePrimary = useNumberAction({
    key: ["set-primary-number"],
    act: (switchboard) => switchboard.setPrimaryNumber({ numberId: id }),
    onDone: () =>
      announce({
        title: `${readable(phoneNumber)} is your primary number`,
        message: "Messages are sent from it unless you choose another",
      }),
  });
  const obstacle = status === "suspended" || status === "closed"
    ? `Your subaccount is ${status}: its numbers cannot be renamed or released`
    : null;
  // A change whose response was lost may have been made: the list says so.
  const error = number.isPrimary ? null : makePrimary.error;
  const hasFooter = scheduled.length > 0 || error !== null;
  return (
    <NumberRow
      number={number}
      {...(hasFooter && {
        footer: (
          <Stack gap="xs">
            {scheduled.map((change) => <ScheduledNote key={change.change} change={change} />)}
            {error !== null && <FailureAlert error={error} />}
          </Stack>
        ),
      })}
    >
      <NumberMenu
        number={number}
        obstacle={obstacle}
        onMakePrimary={() => makePrimary.run(undefined)}
        isPending={makePrimary.isPending}
      />
    </NumberRow>
  );
}
