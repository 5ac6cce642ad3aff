import { Badge, Button, Group, SimpleGrid, Stack, Table, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import type { OwnLimits, TenantView } from "../../../../client/switchboard.ts";
import { ActionForm, openAction } from "../actions/action-form.tsx";
import { dateAndTime } from "../../platform/dates.ts";
import { enteredOf, faultsOf, FIELDS, LIMIT_NAMES, type LimitName, limitsOf } from "./own-limits.ts";
import { Subject } from "./subject.tsx";
import { CHANGES } from "./use-tenant.ts";

/** The limits that apply to a tenant: those of the plan, and those that an operator set in their place. */
export function LimitsTab({ view }: { view: TenantView }) {
  const { limits, ownLimits, tenant } = view;
  return (
    <Subject
      title="Limits"
      aside={
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => openLimits(view)}>Set own limits</Button>
          {ownLimits !== null && (
            <Button size="xs" variant="default" onClick={() => openRemoval(view)}>Remove own limits</Button>
          )}
        </Group>
      }
    >
      {ownLimits !== null && (
        <Text size="sm" mb="sm" style={{ overflowWrap: "anywhere" }}>
          Set on {dateAndTime(ownLimits.setAt)}, because “{ownLimits.reason}”
          {ownLimits.validUntil === null ? ", without an end." : `, until ${dateAndTime(ownLimits.validUntil)}.`}
        </Text>
      )}
      <Table aria-label="Limits" fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Limit</Table.Th>
            <Table.Th ta="right">Applies now</Table.Th>
            <Table.Th>Of</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody className="digits">
          {LIMIT_NAMES.map((name) => {
            const own = ownLimits?.[name] ?? null;
            const value = name === "markup" ? own : limits[name];
            return (
              <Table.Tr key={name}>
                <Table.Td>
                  {FIELDS[name].label}
                  <Text size="xs" c="dimmed">{FIELDS[name].unit}</Text>
                </Table.Td>
                <Table.Td ta="right">{value === null ? "" : new Intl.NumberFormat().format(value)}</Table.Td>
                <Table.Td>
                  {own === null
                    ? tenant.plan === null ? "No plan" : `Plan ${tenant.plan}`
                    : <Badge variant="light" radius="sm">Their own</Badge>}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Subject>
  );
}

function openLimits({ tenant: { userId }, ownLimits }: TenantView): void {
  openAction("Set own limits", ({ onClose }) => {
    const form = useForm({
      initialValues: enteredOf(ownLimits),
      validate: (entered) => faultsOf(entered, new Date()),
    });
    const sent = limitsOf(form.values);
    return (
      <ActionForm
        consequence="These replace the plan's limits, also after a change of the plan, and all own limits that were set before. The next message and purchase see them. A markup applies to usage from now on."
        submit="Set limits"
        validate={() => !form.validate().hasErrors}
        act={(admin, reason, options) => admin.setTenantLimits({ userId, ...sent, reason }, options)}
        said={() => "The limits are set"}
        effect={async (admin) => {
          const { ownLimits: now } = await admin.tenant(userId);
          return now !== null && isSet(now, sent.limits) ? "They apply to the tenant" : null;
        }}
        changes={CHANGES}
        onClose={onClose}
      >
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          {LIMIT_NAMES.map((name, index) => (
            <TextInput
              key={name}
              label={FIELDS[name].label}
              description={FIELDS[name].unit}
              placeholder="The plan's"
              inputMode="decimal"
              autoComplete="off"
              data-autofocus={index === 0 || undefined}
              {...form.getInputProps(name)}
            />
          ))}
          <TextInput
            type="datetime-local"
            label="Valid until"
            description="In your time zone. Empty: without an end"
            {...form.getInputProps("validUntil")}
          />
        </SimpleGrid>
      </ActionForm>
    );
  });
}

function isSet(now: OwnLimits, limits: Partial<Record<LimitName, number | undefined>> | null): boolean {
  return LIMIT_NAMES.every((name) => now[name] === (limits?.[name] ?? null));
}

function openRemoval({ tenant: { userId, plan } }: TenantView): void {
  openAction("Remove own limits", ({ onClose }) => (
    <ActionForm
      consequence={
        <Stack gap={4} component="span">
          The limits {plan === null ? "of their plan" : `of the plan "${plan}"`} apply again, and the plan's markup.
        </Stack>
      }
      submit="Remove limits"
      act={(admin, reason, options) => admin.setTenantLimits({ userId, limits: null, reason }, options)}
      said={() => "The own limits are removed"}
      effect={async (admin) => (await admin.tenant(userId)).ownLimits === null ? "The plan's limits apply" : null}
      changes={CHANGES}
      onClose={onClose}
    />
  ));
}
