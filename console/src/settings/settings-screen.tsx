import { Container, Stack } from "@mantine/core";
import { Suspense, useEffect, useState } from "react";
import { ErrorBoundary } from "react-error-boundary";
import { Link, Redirect, useLocation } from "wouter";
import type { PendingForwardWebhook } from "../../../client/switchboard.ts";
import { openDialog } from "../platform/dialogs.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { part, retryParts } from "../platform/part.tsx";
import { SaveBar } from "../platform/save-bar.tsx";
import { ScreenTitle } from "../platform/screen-title.tsx";
import { Settled } from "../platform/settled.tsx";
import { CountriesSection } from "./countries-section.tsx";
import { MessagesSection } from "./messages-section.tsx";
import { RetentionSection } from "./retention-section.tsx";
import { type Field, FIELD_NAMES, isShortened } from "./rules.ts";
import { isSettingsPath, pathOf, type Section, sectionOf, sectionOfField, SECTIONS } from "./sections.ts";
import { ShorterRetentionDialog } from "./shorter-retention-dialog.tsx";
import { type LoadedRules, type RulesForm, useRules } from "./use-rules.ts";

const OptOutsSection = part(() => import("./opt-outs-section.tsx").then(({ OptOutsSection }) => OptOutsSection));
const WebhookSection = part(() => import("./webhook-section.tsx").then(({ WebhookSection }) => WebhookSection));

/** The rules of a tenant for messages: keyword answers, countries, retention, opt-outs, webhook. */
export function SettingsScreen({ section: name }: { section: string | undefined }) {
  const section = sectionOf(name);
  const rules = useRules();
  // It is shown once, so it outlives a look at another section.
  const [secret, setSecret] = useState<PendingForwardWebhook | null>(null);
  if (section === null) return <Redirect to="/settings" replace />;
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Settings" description="Rules for your messages, and where they are forwarded." />
      <div className="settings">
        <nav aria-label="Settings" className="settings-nav">
          {SECTIONS.map(({ name, label }) => (
            <Link
              key={name}
              href={pathOf(name)}
              className="settings-link"
              aria-current={name === section ? "page" : undefined}
            >
              {label}
            </Link>
          ))}
        </nav>
        <div className="settings-content">
          <Settled key={section}>
            {section === "opt-outs" || section === "webhook"
              ? (
                <ErrorBoundary
                  fallbackRender={({ error, resetErrorBoundary }) => (
                    <LoadFailure error={error} onRetry={resetErrorBoundary} />
                  )}
                  onReset={retryParts}
                  onError={(error) => console.error(error)}
                >
                  <Suspense fallback={<Loading h={320} radius="lg" label="Loading the section" />}>
                    {section === "opt-outs"
                      ? <OptOutsSection />
                      : <WebhookSection secret={secret} onSecret={setSecret} />}
                  </Suspense>
                </ErrorBoundary>
              )
              : <RulesSection section={section} rules={rules} />}
          </Settled>
          <Unsaved rules={rules} />
        </div>
      </div>
    </Container>
  );
}

function RulesSection({ section, rules }: { section: Exclude<Section, "opt-outs" | "webhook">; rules: RulesForm }) {
  const { editing, error, refetch } = rules;
  if (editing === null) {
    if (error !== null) return <LoadFailure error={error} onRetry={refetch} />;
    return <Loading h={320} radius="lg" label="Loading your settings" />;
  }
  const loaded: LoadedRules = { ...rules, editing };
  return (
    <Stack gap="md">
      {/* What is shown may be old, and saving it is refused then. */}
      {error !== null && <LoadFailure error={error} onRetry={refetch} />}
      {section === "messages" && <MessagesSection rules={loaded} />}
      {section === "countries" && <CountriesSection rules={loaded} />}
      {section === "retention" && <RetentionSection rules={loaded} />}
    </Stack>
  );
}

/** Saves all sections at once. A wrong field is opened instead, and a shorter retention is typed to confirm. */
function Unsaved({ rules }: { rules: RulesForm }) {
  const { editing, changes, tried, save, discard, isSaving, savingError } = rules;
  const [, navigate] = useLocation();
  const [wrong, setWrong] = useState<{ field: Field } | null>(null);
  useEffect(() => {
    if (wrong !== null) document.getElementById(wrong.field)?.focus();
  }, [wrong]);
  return (
    <SaveBar
      changes={changes.map((field) => FIELD_NAMES[field])}
      onSave={onSave}
      onDiscard={discard}
      isSaving={isSaving}
      error={savingError}
      keeps={isSettingsPath}
    />
  );

  function onSave() {
    const field = tried();
    if (field !== null) {
      navigate(pathOf(sectionOfField(field)));
      return setWrong({ field });
    }
    if (editing === null) return;
    // The bar and the fields say why it failed.
    if (!isShortened(editing.base, editing.draft)) return void save(editing).catch(() => {});
    const { base: { retentionDays: before }, draft: { retentionDays: after } } = editing;
    openDialog(
      "Delete older texts?",
      (close) => (
        <ShorterRetentionDialog
          before={before}
          after={Number(after)}
          save={() => save(editing)}
          onClose={close}
        />
      ),
    );
  }
}
