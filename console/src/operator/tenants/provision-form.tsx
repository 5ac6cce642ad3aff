import { Button, Group, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useBackend } from "../../platform/backend.tsx";
import { useBusyDialog } from "../../platform/busy-dialog.ts";
import { FailureAlert } from "../../platform/failure-alert.tsx";
import { announce } from "../../platform/notify.ts";
import { faultFromServer, faultOfUser, provisionOf } from "./provision.ts";
import { TENANTS_KEY } from "./use-tenants.ts";

export interface ProvisionFormProps {
  /** The dialog's id. */
  dialog: string;
  onDone: (userId: string) => void;
  onClose: () => void;
}

/** Gives a user a subaccount without a subscription. */
export function ProvisionForm({ dialog, onDone, onClose }: ProvisionFormProps) {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  const form = useForm({
    initialValues: { user: "", reason: "" },
    validate: {
      user: faultOfUser,
      reason: (reason) => reason.trim() === "" ? "Say why: the audit log keeps it" : null,
    },
  });
  const provision = useMutation({
    mutationFn: ({ user, reason }: typeof form.values) => switchboard.admin.provision(provisionOf(user, reason.trim())),
    onSuccess: ({ userId }, { user }) => {
      void queryClient.invalidateQueries({ queryKey: TENANTS_KEY });
      announce({ title: "The subaccount is being set up", message: `For ${user.trim()}, within a minute` });
      onDone(userId);
    },
    onError: (error, { user }) => {
      const fault = faultFromServer(user, error);
      if (fault !== null) form.setFieldError("user", fault);
    },
  });
  useBusyDialog(dialog, provision.isPending, form.isDirty());
  const isOfUser = provision.error !== null && faultFromServer(form.values.user, provision.error) !== null;
  return (
    <form onSubmit={form.onSubmit((values) => provision.mutate(values))}>
      <Stack gap="md">
        <Text size="sm">
          The user gets a subaccount without a subscription, with the limits of the plan for users who do not pay.
          Nothing changes for a user who has one.
        </Text>
        <TextInput
          label="User"
          description="The email address that they signed up with, or their id"
          data-autofocus
          autoComplete="off"
          inputMode="email"
          maxLength={320}
          {...form.getInputProps("user")}
        />
        <Textarea
          label="Reason"
          description="For the audit log"
          autosize
          minRows={2}
          maxRows={5}
          maxLength={300}
          {...form.getInputProps("reason")}
        />
        {provision.error !== null && !isOfUser && <FailureAlert error={provision.error} />}
        <Group justify="end" gap="sm">
          <Button variant="default" onClick={onClose} disabled={provision.isPending}>Cancel</Button>
          <Button type="submit" loading={provision.isPending}>Provision</Button>
        </Group>
      </Stack>
    </form>
  );
}
