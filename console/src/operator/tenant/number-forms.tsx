import { Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import type { Switchboard, TenantNumber, TenantView } from "../../../../client/switchboard.ts";
import { ActionForm, openAction } from "../actions/action-form.tsx";
import { readable } from "../../phone/phone-format.ts";
import { CHANGES } from "./use-tenant.ts";

interface FormProps {
  onClose: () => void;
}

const numberOf = async (admin: Switchboard["admin"], userId: string, phoneNumber: string) =>
  (await admin.tenant(userId)).numbers.find((number) => number.phoneNumber === phoneNumber);

export function openSendRate({ tenant: { userId } }: TenantView, number: TenantNumber): void {
  const name = readable(number.phoneNumber);
  openAction(`Send rate of ${name}`, ({ onClose }: FormProps) => {
    const form = useForm({
      initialValues: { rate: String(number.messagesPerSecond) },
      validate: { rate: (text) => faultOfRate(text) },
    });
    const rate = Number(form.values.rate.replace(",", "."));
    return (
      <ActionForm
        consequence="Campaigns send from this number at this rate from the next batch on. Set what the carriers allow it: they block what is faster."
        submit="Set send rate"
        validate={() => !form.validate().hasErrors}
        act={(admin, reason, options) =>
          admin.setNumberSendRate({ phoneNumber: number.phoneNumber, messagesPerSecond: rate, reason }, options)}
        said={({ messagesPerSecond }) => `${name} sends ${messagesPerSecond} messages a second`}
        effect={async (admin) => {
          const now = await numberOf(admin, userId, number.phoneNumber);
          return now?.messagesPerSecond === rate ? "The tenant's number has the rate" : null;
        }}
        changes={CHANGES}
        onClose={onClose}
      >
        <TextInput
          label="Messages a second"
          description="0.01 to 1000. One unless carriers allow more"
          inputMode="decimal"
          required
          data-autofocus
          {...form.getInputProps("rate")}
        />
      </ActionForm>
    );
  });
}

function faultOfRate(text: string): string | null {
  const rate = Number(text.replace(",", "."));
  return text.trim() !== "" && rate >= 0.01 && rate <= 1000 ? null : "Enter 0.01 to 1000";
}

/** Moves a number out of the tenant's account, or the one that the operator enters into it. */
export function openMove({ tenant: { userId, email } }: TenantView, number: TenantNumber | null): void {
  const to = number === null ? "tenant" : "master";
  const title = number === null ? "Move a number to the tenant" : `Move ${readable(number.phoneNumber)} away`;
  openAction(title, ({ onClose }: FormProps) => {
    const form = useForm({
      initialValues: { phoneNumber: number?.phoneNumber ?? "", addressSid: "", bundleSid: "" },
      validate: {
        phoneNumber: faultOfNumber,
        addressSid: (text) => faultOfSid("AD", text),
        bundleSid: (text) => faultOfSid("BU", text),
      },
    });
    const { phoneNumber, addressSid, bundleSid } = form.values;
    return (
      <ActionForm
        consequence={number === null
          ? `The number leaves the main account and becomes one of ${email ?? userId}, who pays for it from today.`
          : "The number leaves the tenant's account and goes to the main account: the tenant can no longer send from it, and messages to it no longer reach them."}
        submit="Move number"
        isDangerous={number !== null}
        validate={() => !form.validate().hasErrors}
        act={(admin, reason, options) =>
          admin.moveNumber({
            phoneNumber: phoneNumber.trim(),
            userId,
            to,
            reason,
            ...(addressSid.trim() !== "" && { addressSid: addressSid.trim() }),
            ...(bundleSid.trim() !== "" && { bundleSid: bundleSid.trim() }),
          }, options)}
        said={({ number: moved, warning }) => (
          <Stack gap={4} component="span">
            <span>{readable(moved.phoneNumber)} is moved.</span>
            <Text span size="sm" c="dimmed">{warning}.</Text>
          </Stack>
        )}
        effect={async (admin) => {
          const held = await numberOf(admin, userId, phoneNumber.trim());
          if (to === "tenant") return held === undefined ? null : "It is one of the tenant's numbers";
          return held === undefined ? "It is no longer one of the tenant's numbers" : null;
        }}
        changes={CHANGES}
        onClose={onClose}
      >
        {number === null && (
          <TextInput
            label="Number"
            description="One of the main account, such as +14155550100"
            inputMode="tel"
            required
            data-autofocus
            {...form.getInputProps("phoneNumber")}
          />
        )}
        <TextInput
          label="Address SID"
          description="AD…, of the account that gets the number, where its country requires one"
          autoComplete="off"
          spellCheck={false}
          {...form.getInputProps("addressSid")}
        />
        <TextInput
          label="Bundle SID"
          description="BU…, of the account that gets the number, where its country requires one"
          autoComplete="off"
          spellCheck={false}
          {...form.getInputProps("bundleSid")}
        />
      </ActionForm>
    );
  });
}

/** Offers a number of the main account to tenants without a subaccount, or no longer. */
export function openOffer(isOffered: boolean): void {
  openAction(isOffered ? "Offer a shared number" : "No longer offer a shared number", ({ onClose }: FormProps) => {
    const form = useForm({ initialValues: { phoneNumber: "" }, validate: { phoneNumber: faultOfNumber } });
    return (
      <ActionForm
        consequence={isOffered
          ? "Every tenant without a subaccount may send from this number of the main account."
          : "Tenants without a subaccount can no longer send from this number. Campaigns from it end with an error."}
        submit={isOffered ? "Offer number" : "No longer offer"}
        isDangerous={!isOffered}
        validate={() => !form.validate().hasErrors}
        act={(admin, reason, options) =>
          admin.offerNumber({ phoneNumber: form.values.phoneNumber.trim(), isOffered, reason }, options)}
        said={({ phoneNumber }) =>
          `${readable(phoneNumber)} is ${isOffered ? "offered to tenants without a subaccount" : "no longer offered"}`}
        changes={CHANGES}
        onClose={onClose}
      >
        <TextInput
          label="Number"
          description="An SMS-capable one of the main account, such as +14155550100"
          inputMode="tel"
          required
          data-autofocus
          {...form.getInputProps("phoneNumber")}
        />
      </ActionForm>
    );
  });
}

function faultOfNumber(text: string): string | null {
  return /^\+[1-9]\d{6,14}$/.test(text.trim()) ? null : "Enter a number with + and its country code";
}

function faultOfSid(prefix: string, text: string): string | null {
  return text.trim() === "" || new RegExp(`^${prefix}[0-9a-fA-F]{32}$`).test(text.trim())
    ? null
    : `Enter ${prefix} followed by 32 digits`;
}
