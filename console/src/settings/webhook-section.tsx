import { Alert, Badge, Button, Code, Group, List, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { CirclePause, KeyRound, TriangleAlert } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { ForwardWebhook, PendingForwardWebhook } from "../../../client/switchboard.ts";
import { Copyable } from "../platform/copyable.tsx";
import { dateAndTime, longDate } from "../platform/dates.ts";
import { openDialog } from "../platform/dialogs.tsx";
import { Fact, Facts } from "../platform/facts.tsx";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { announce } from "../platform/notify.ts";
import { Panel } from "../platform/panel.tsx";
import { TypedConfirm } from "../platform/typed-confirm.tsx";
import { attemptText } from "./deliveries.ts";
import { DeliveriesPanel } from "./deliveries-panel.tsx";
import { SignaturePanel } from "./signature-panel.tsx";
import { useNewestDeliveries, useWebhookAction, useWebhooks } from "./use-webhook.ts";
import { problemOfUrl, WEBHOOK_BADGES, type WebhookState, webhookStateOf } from "./webhook-state.ts";

export interface WebhookSectionProps {
  /** The webhook whose secret was just created; null without one. */
  secret: PendingForwardWebhook | null;
  onSecret: (pending: PendingForwardWebhook | null) => void;
}

/** Where received messages and notices are posted, and what came of each. */
export function WebhookSection(props: WebhookSectionProps) {
  const { data: webhooks, error, refetch } = useWebhooks();
  const webhook = webhooks?.webhook ?? null;
  const newest = useNewestDeliveries(webhook !== null);
  const state = webhooks && webhookStateOf(webhooks, newest.data);
  const badge = state && WEBHOOK_BADGES[state.kind];
  return (
    <Stack gap="lg">
      <Panel
        title="Forward webhook"
        description="Messages that you receive, and notices, are posted to a server of yours."
        aside={badge && <Badge variant="light" color={badge.color} size="lg" radius="sm">{badge.label}</Badge>}
      >
        {webhooks === undefined && error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
        {webhooks === undefined && error === null && <Loading h={160} label="Loading your webhook" />}
        {webhooks !== undefined && state !== undefined && (
          <Stack gap="lg">
            {webhook === null && webhooks.pending === null && <NewWebhook onSecret={props.onSecret} />}
            {webhook !== null && <CurrentWebhook webhook={webhook} state={state} onSecret={props.onSecret} />}
            {webhooks.pending !== null && (
              <PendingWebhook
                key={webhooks.pending.createdAt}
                pending={webhooks.pending}
                current={webhook}
                {...props}
              />
            )}
          </Stack>
        )}
      </Panel>
      {webhook !== null && <DeliveriesPanel canReplay={webhook.enabled} />}
      {webhooks !== undefined && (webhook !== null || webhooks.pending !== null) && <SignaturePanel />}
    </Stack>
  );
}

interface UrlFormProps {
  initial: string;
  action: string;
  isPending: boolean;
  error: unknown;
  onSubmit: (url: string) => void;
  children?: ReactNode;
}

function UrlForm({ initial, action, isPending, error, onSubmit, children }: UrlFormProps) {
  const form = useForm({ initialValues: { url: initial }, validate: { url: problemOfUrl } });
  return (
    <form noValidate onSubmit={form.onSubmit(({ url }) => onSubmit(url.trim()))}>
      <Stack gap="sm">
        <TextInput
          label="URL"
          description="An https URL of a public host, on port 443 or 8443"
          type="url"
          placeholder="https://example.com/switchboard"
          autoComplete="off"
          spellCheck={false}
          {...form.getInputProps("url")}
        />
        {error !== null && <FailureAlert error={error} />}
        <Group gap="sm">
          <Button type="submit" loading={isPending}>{action}</Button>
          {children}
        </Group>
      </Stack>
    </form>
  );
}

/** The first one. It is used once it has answered a test event. */
function NewWebhook({ onSecret }: Pick<WebhookSectionProps, "onSecret">) {
  const save = useWebhookAction("save", ({ pending }) => onSecret(pending));
  return (
    <Stack gap="md">
      <Text size="sm">
        You have no webhook yet. Save a URL to get a secret for it. Nothing is forwarded until your server has answered
        a test event.
      </Text>
      <UrlForm initial="" action="Save URL" isPending={save.isPending} error={save.error} onSubmit={save.run} />
    </Stack>
  );
}

interface CurrentWebhookProps extends Pick<WebhookSectionProps, "onSecret"> {
  webhook: ForwardWebhook;
  state: WebhookState;
}

function CurrentWebhook({ webhook: { url, createdAt, enabled }, state, onSecret }: CurrentWebhookProps) {
  const [isEditing, setEditing] = useState(false);
  const test = useWebhookAction("test");
  const save = useWebhookAction("save", () => {
    setEditing(false);
    announce({ title: "Webhook in use", message: "Your server answered the test event" });
  });
  return (
    <Stack gap="md">
      {state.kind === "paused" && (
        <Alert color="red" variant="light" icon={<CirclePause />} title="Forwarding is paused">
          <Text size="sm" mb="sm">
            {state.reason ?? "Your server asked for no more events"}. Save the URL again to resume: it gets a test event
            first.
          </Text>
          <Button
            size="xs"
            variant="light"
            color="red"
            loading={save.isPending}
            onClick={() =>
              save.run(url)}
          >
            Resume
          </Button>
        </Alert>
      )}
      {state.kind === "failing" && (
        <Alert color="orange" variant="light" icon={<TriangleAlert />} title="Deliveries fail">
          <Text size="sm">
            {state.count === 1 ? "The newest delivery has" : `The newest ${state.count} deliveries have`}{" "}
            not arrived. The last attempt, {dateAndTime(state.last.lastAttempt.at)}:{" "}
            {attemptText(state.last.lastAttempt)}. Each is tried again for two to five hours.
          </Text>
        </Alert>
      )}
      {isEditing
        ? (
          <UrlForm
            initial={url}
            action="Test and use"
            isPending={save.isPending}
            error={save.error}
            onSubmit={save.run}
          >
            <Button variant="default" disabled={save.isPending} onClick={() => setEditing(false)}>Cancel</Button>
          </UrlForm>
        )
        : (
          <>
            <Facts>
              <Fact label="URL">
                <Copyable value={url} label="URL" />
              </Fact>
              <Fact label="Since">{longDate(createdAt)}</Fact>
            </Facts>
            {save.error !== null && <FailureAlert error={save.error} />}
            {test.error !== null && <FailureAlert error={test.error} />}
            {test.isSuccess && (
              <Alert color="teal" variant="light" role="status">
                Your server answered the test event with a status of 2xx.
              </Alert>
            )}
            <Group gap="sm">
              {enabled && (
                <Button variant="light" loading={test.isPending} onClick={() => test.run(url)}>Send test event</Button>
              )}
              <Button variant="default" onClick={() => setEditing(true)}>Change URL</Button>
              <Button variant="default" onClick={() => openRotation(url, onSecret)}>Rotate secret</Button>
              <Button variant="subtle" color="red" onClick={() => openRemoval(url, () => onSecret(null))}>
                Remove
              </Button>
            </Group>
          </>
        )}
    </Stack>
  );
}

interface PendingWebhookProps extends WebhookSectionProps {
  pending: PendingForwardWebhook;
  current: ForwardWebhook | null;
}

/** A webhook with a new secret, until it has answered a test event. */
function PendingWebhook({ pending, current, secret: fresh, onSecret }: PendingWebhookProps) {
  const secret = fresh?.createdAt === pending.createdAt ? fresh.secret : undefined;
  const confirm = useWebhookAction("confirm", () => {
    onSecret(null);
    announce({ title: "Webhook in use", message: "Your server answered the test event" });
  });
  const again = useWebhookAction(current === null ? "save" : "rotate", (webhooks) => onSecret(webhooks.pending));
  const keep = useWebhookAction(current === null ? "remove" : "save", () => onSecret(null));
  const failure = confirm.error ?? again.error ?? keep.error;
  return (
    <Alert
      color="yellow"
      variant="light"
      icon={<KeyRound />}
      title={current === null ? "Confirm your webhook" : "Confirm the new secret"}
    >
      <Stack gap="md">
        {current !== null && <Text size="sm">Until then, {current.url} is used with its old secret.</Text>}
        {secret === undefined
          ? (
            <Text size="sm">
              The secret of {pending.url}{" "}
              was shown when it was created. If your server does not have it, create another one.
            </Text>
          )
          : <Secret secret={secret} />}
        <List type="ordered" size="sm" spacing={6}>
          <List.Item>Give the secret to your server, which verifies each request with it.</List.Item>
          <List.Item>
            Send a test event to <Code style={{ overflowWrap: "anywhere" }}>{pending.url}</Code>{" "}
            here. If your server answers with a status of 2xx within 5 seconds, the webhook is used from then on.
          </List.Item>
        </List>
        {failure !== null && <FailureAlert error={failure} />}
        <Group gap="sm">
          <Button loading={confirm.isPending} onClick={() => confirm.run(pending.url)}>Send test event and use</Button>
          {secret === undefined && (
            <Button
              variant="default"
              loading={again.isPending}
              onClick={() => again.run(pending.url)}
            >
              Create another secret
            </Button>
          )}
          <Button variant="default" loading={keep.isPending} onClick={() => keep.run(current?.url ?? pending.url)}>
            {current === null ? "Discard" : "Keep the old secret"}
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}

function Secret({ secret }: { secret: string }) {
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>Copy the secret now: you will not see it again</Text>
      <Copyable value={secret} label="secret" />
    </div>
  );
}

function openRotation(url: string, onSecret: WebhookSectionProps["onSecret"]): void {
  openDialog("Rotate the secret", (close) => <RotationDialog url={url} onSecret={onSecret} onClose={close} />);
}

interface WebhookDialogProps {
  url: string;
  onClose: () => void;
}

function RotationDialog({ url, onSecret, onClose }: WebhookDialogProps & Pick<WebhookSectionProps, "onSecret">) {
  const rotate = useWebhookAction("rotate", ({ pending }) => {
    onSecret(pending);
    onClose();
  });
  return (
    <TypedConfirm
      expected="rotate"
      action="Create new secret"
      onConfirm={() => rotate.run(url)}
      onClose={onClose}
      isPending={rotate.isPending}
      error={rotate.error}
    >
      <Text size="sm">You get a new secret for {url}.</Text>
      <List size="sm" spacing={6}>
        <List.Item>The current secret is used until you confirm the new one.</List.Item>
        <List.Item>
          Once confirmed, requests are signed with the new secret alone: your server must know it by then.
        </List.Item>
      </List>
    </TypedConfirm>
  );
}

function openRemoval(url: string, onRemoved: () => void): void {
  openDialog("Remove the webhook", (close) => <RemovalDialog url={url} onRemoved={onRemoved} onClose={close} />);
}

function RemovalDialog({ url, onRemoved, onClose }: WebhookDialogProps & { onRemoved: () => void }) {
  const remove = useWebhookAction("remove", () => {
    announce({ title: "Webhook removed", message: "Messages still arrive in your inbox" });
    onRemoved();
    onClose();
  });
  return (
    <TypedConfirm
      expected="remove"
      action="Remove webhook"
      onConfirm={() => remove.run(url)}
      onClose={onClose}
      isPending={remove.isPending}
      error={remove.error}
    >
      <Text size="sm">Nothing is posted to {url} any more, also not what is being tried again.</Text>
      <List size="sm" spacing={6}>
        <List.Item>Its secret is deleted. A webhook that you set up later gets another one.</List.Item>
        <List.Item>Messages still arrive in your inbox.</List.Item>
      </List>
    </TypedConfirm>
  );
}
